"""What a run's probes say about its gradients, and how often such a verdict errs in a study."""

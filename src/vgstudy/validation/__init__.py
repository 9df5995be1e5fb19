"""Published numbers, recomputed by this package: laws, networks before training, MNIST."""

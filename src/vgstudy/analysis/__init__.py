"""From logs to decay factors to estimates with intervals, streamed chunk by chunk."""

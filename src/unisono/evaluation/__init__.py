"""The tasks, one interface before them, and the probes and ranking metrics that they share."""

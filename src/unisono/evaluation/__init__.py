"""One file a task, and the probes and ranking metrics that they share."""

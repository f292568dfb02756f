"""One file a kind of task, named as params.evaluation has it; none imports another."""

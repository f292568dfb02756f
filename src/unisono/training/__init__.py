"""The loop, checkpoints and devices; it knows no music."""

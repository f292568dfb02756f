"""The second system: a similarity space from tags, with a self-supervised loss beside it (Akama et al. 2023)."""

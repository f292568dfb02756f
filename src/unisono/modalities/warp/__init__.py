"""WARP matrix factorisation: pair by pair on a CPU, in batches on a GPU."""

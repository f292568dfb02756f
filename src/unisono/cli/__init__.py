"""The command `unisono`: what you do with a trained model, from a shell."""

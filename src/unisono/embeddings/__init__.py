"""Embeddings of a corpus: export, reading, nearest neighbours."""

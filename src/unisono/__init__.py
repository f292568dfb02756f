"""Audio embeddings aligned with genres and playlists."""

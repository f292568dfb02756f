"""The first system: audio aligned with genres and playlists (Ferraro et al. 2021)."""

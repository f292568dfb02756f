"""What audio is aligned with: genres and playlists, their vectors and encoders."""

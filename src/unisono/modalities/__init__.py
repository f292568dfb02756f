"""What audio is aligned with: genres, playlists, words and artists, their vectors and encoders."""

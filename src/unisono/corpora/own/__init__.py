"""What users bring of their own: a table of tracks, and playlists."""

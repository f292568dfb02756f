"""Collaborative factors: a vector for each song, from the playlists that it is in."""

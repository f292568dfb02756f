"""Decoding and the mel front end."""

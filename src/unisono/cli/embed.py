"""Embed audio files."""

COMMANDS: list = []

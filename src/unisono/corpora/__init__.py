"""The world's formats, read into one kind of tables."""

"""One file an encoder; encoders know no files."""

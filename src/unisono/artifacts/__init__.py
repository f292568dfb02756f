"""What stages leave for each other, read back with errors that name the file."""

"""What all formats share: the tables that they are read into, and their lists, checked."""

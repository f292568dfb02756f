"""The frame store: every track's frames in a few files that many processes can map; packing a corpus into it."""

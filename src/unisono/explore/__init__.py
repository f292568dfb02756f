"""A local page over an embedded catalogue, and the HTTP API that it asks."""

"""What tasks are measured with: probes, rankings, means with their spread."""

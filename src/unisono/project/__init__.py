"""Around the pipeline: a corpus to check before it runs, and a catalogue to ask where it ran."""

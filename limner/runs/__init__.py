"""The run folder: its paths, its lock, its files; written and read by the same code."""

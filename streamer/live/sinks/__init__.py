"""Sinks of a live run, one per file."""

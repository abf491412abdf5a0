"""Sinks of a live run, one a file."""

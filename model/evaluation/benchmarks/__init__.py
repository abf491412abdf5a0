"""Benchmarks of quality, one file each."""

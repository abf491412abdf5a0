"""The command line, replay in real time, and benchmarks of devices."""

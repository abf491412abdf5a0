"""What `ecgstream bench` measures, one concern to a module; see docs/bench.md for the figures."""

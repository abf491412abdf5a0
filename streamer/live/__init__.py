"""Live runs: sources, sinks and the runner between them."""

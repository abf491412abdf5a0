"""Live runs: sources, queues, the runner, sinks, the recorder and the history."""

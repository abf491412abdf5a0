"""Programs that `ecgstream.tools.bench.subprocesses` runs in processes of their own.

Each is run by its path with its arguments as one JSON list, and prints its result as JSON.
"""

"""What the monitor plays: the worker thread, its session and snapshots; no widgets."""

"""The streaming engine and all that runs without a window: networks, files, live runs."""

"""Settings of the monitor: actions, display, preferences and themes."""

"""Facts about this device and what the program takes of it."""

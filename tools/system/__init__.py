"""Facts about this device, and the memory and disk space that the program takes."""

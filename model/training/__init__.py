"""Networks, their training and its records."""

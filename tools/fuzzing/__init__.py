"""Hostile input for `ecgstream fuzz`: what is thrown, and what must come back."""

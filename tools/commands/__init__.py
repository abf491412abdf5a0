"""Subcommands of `ecgstream`, one file each."""

"""Subcommands of `ecgstream`; `ecgstream.tools.cli` says what their modules hold."""

"""Sources of a live run, one per file; `registry` opens them by address."""

"""How long a test waits for something that is sure to happen."""

MAX_WAIT_SECONDS = 200.0
"""A limit that only a hang reaches, however busy the machine; pytest ends the run after 300 s."""

"""Networks that the engine runs: the protocol, TFLite files, the sandbox for untrusted ones."""

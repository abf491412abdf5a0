"""The engine on emulated aarch64 beside x86: a developer program, `make arm`."""

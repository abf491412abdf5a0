"""Fuzzing of the engine, records and models: a developer program, `make fuzz`."""

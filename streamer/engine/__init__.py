"""The deterministic engine: samples in, samples out, no clock, thread, file, Qt or TensorFlow."""

"""The benchmarks: each module holds one protocol and returns plain figures."""

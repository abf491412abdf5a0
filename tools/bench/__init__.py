"""Measurements of latency, throughput, memory and accuracy on this device."""

"""Denoise an ECG while it arrives, in chunks of any size."""

import numpy as np

import ecgstream

record = ecgstream.io.read_record("208b")
ecg = record.signal(0)[: round(20 * record.fs)]

denoiser = ecgstream.StreamingDenoiser(fs=record.fs, delay="low")
blocks = []
for start in range(0, len(ecg), 90):  # a quarter of a second each
    block = denoiser.push(ecg[start : start + 90])
    if len(block.signal):
        blocks.append(block)  # samples from `block.start` on
blocks.append(denoiser.flush())

output = np.concatenate([block.signal for block in blocks])  # (n, channels), mV
print(f"{len(ecg)} samples in, {len(output)} out, aligned with the input")
print(f"delay while streaming: {1000 * denoiser.delay_samples / record.fs:.0f} ms")

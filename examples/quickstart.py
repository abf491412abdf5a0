"""Denoise a recorded ECG: one call, an array in, an array out."""

import ecgstream

record = ecgstream.io.read_record("208b")  # bundled, from the MIT-BIH Arrhythmia Database
ecg = record.signal(0)  # (n,), mV

result = ecgstream.denoise(ecg, fs=record.fs)

print(f"{len(ecg) / record.fs:g} s of {record.leads[0]}, {record.fs:g} Hz")
print(f"denoised: {result.signal.shape}, {result.signal.dtype}, aligned with the input")
print(f"without a quality flag: {100 * (result.quality == 0).mean():.1f} % of the samples")

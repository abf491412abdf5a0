"""ECG tools: QRS detection, annotations, noise, metrics and filters."""

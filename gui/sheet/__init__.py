"""What is painted: the sheet of ECG paper, traces, marks and export."""

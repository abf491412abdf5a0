"""Records and file formats: WFDB, EDF, CSV, NumPy, and downloads from PhysioNet."""

"""Whole archives of recordings, on processes or a Dask cluster."""

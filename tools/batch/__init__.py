"""Batches of recordings, on local processes or a Dask cluster."""

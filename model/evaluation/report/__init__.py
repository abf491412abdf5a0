"""The report of an evaluation: tables, targets, plots and the page."""

"""``auscult scan``: many recordings to one table, over all cores, resumable."""

"""``auscult plot``: a recording and its verdicts as a figure, or its acoustic features as a table."""

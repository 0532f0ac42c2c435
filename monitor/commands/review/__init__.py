"""``auscult review``: the dashboard on what was kept."""

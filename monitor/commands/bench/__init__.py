"""``auscult bench``: what a hop costs on this machine."""

"""``auscult doctor``: what this computer needs to listen to a heart, checked line by line."""

"""``auscult exam``: a guided examination, site by site."""

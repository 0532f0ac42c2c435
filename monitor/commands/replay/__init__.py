"""``auscult replay``: recordings as if they were played live."""

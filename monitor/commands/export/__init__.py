"""``auscult export``: a recording or a session in the formats of other programs."""

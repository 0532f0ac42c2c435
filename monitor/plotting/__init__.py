"""A recording as a picture and as a table of acoustic features: ``auscult plot``."""

"""``auscult bench``: latency, speed and memory on this machine."""

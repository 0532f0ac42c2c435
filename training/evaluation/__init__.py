"""Metrics of held-out recordings, with intervals over patients; loads no audio but in ``scoring``."""

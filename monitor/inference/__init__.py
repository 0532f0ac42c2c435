"""Features in, gated scores out: the bundle, its engine, calibration, thresholds and the quality gate.

Imports TensorFlow nowhere but in :mod:`monitor.inference.networks` and, when asked for, in the engine.
"""

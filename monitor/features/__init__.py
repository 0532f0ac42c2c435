"""Waveform in, features out: resampling, the streaming spectrogram, the input image, the heart rate.

NumPy, or C where a compiler built it (:mod:`monitor.features.compiled`), on the caller's thread; knows no network, no
clock and no device.
"""

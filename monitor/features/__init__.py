"""Waveform in, features out: resampling, the streaming spectrogram, the input image, the heart rate.

Pure NumPy on the caller's thread; knows no network, no clock and no device.
"""

"""Synthetic sound: phonocardiograms with a known rhythm, recording artifacts, noise and non-cardiac sounds.

Played by the demo, and added to the recordings in training.
"""

"""Synthetic sound: phonocardiograms with a known rhythm, artifacts, noise and sounds that are not of a heart.

What the demo plays and what a training adds to its recordings.
"""

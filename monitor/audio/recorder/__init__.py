"""Writes the ring buffer to a sound file that is valid whenever the program ends."""

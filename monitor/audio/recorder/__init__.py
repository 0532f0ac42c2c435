"""From the ring to a file that is whole whenever the program ends."""

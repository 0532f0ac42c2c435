"""A run for the lab streaming layer (LSL): its sound and its verdicts as streams on the local network."""

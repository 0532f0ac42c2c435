"""Sound from the lab streaming layer (LSL), which laboratories record all their instruments with."""

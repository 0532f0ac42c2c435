"""Samples in, verdicts out: the synchronous core. No thread, no clock, no device."""

"""Many sounds in one process: one scheduler thread, one network, an analysis for each stream."""

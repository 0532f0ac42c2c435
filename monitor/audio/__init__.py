"""Sound in memory: the ring buffer that one thread writes and others read, and who writes and keeps it."""

"""The server in a process of its own: whatever its clients do, it takes no time from the thread that judges."""

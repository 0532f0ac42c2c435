"""A device captured by a process of its own, so that one that fails, or is looked for, disturbs no other."""

"""A sound device: choosing it, opening it, watching it, and reopening it."""

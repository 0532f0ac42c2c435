"""What this installation has: its inputs, models and settings, and what a shell knows of the commands."""

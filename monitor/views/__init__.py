"""What a run shows: the dashboard, a line per window, or JSON lines."""

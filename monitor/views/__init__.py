"""What a run shows: the dashboard, plain lines, or JSON lines."""

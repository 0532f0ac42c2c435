"""Messages as text: JSON lines, plain lines and alerts."""

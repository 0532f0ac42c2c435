"""Events as words: JSON lines, plain lines and alerts."""

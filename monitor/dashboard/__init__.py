"""The terminal dashboard: keys in, screens out."""

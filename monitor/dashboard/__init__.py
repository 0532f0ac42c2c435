"""The terminal dashboard: keys in, frames out."""

"""Sessions: what was heard and judged, kept in a folder, and looked up again."""

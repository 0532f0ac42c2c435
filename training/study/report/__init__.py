"""docs/EVIDENCE.md from the JSON of a study."""

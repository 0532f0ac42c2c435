"""docs/EVIDENCE.md from the figures of the study."""

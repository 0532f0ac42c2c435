"""Metrics as tables, JSON, plots and the model card."""

"""Figures as text, JSON, plots and the model card."""

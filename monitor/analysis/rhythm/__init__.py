"""Beats followed across windows for half a minute, and what their intervals say of ectopic beats."""

"""Fitting one network: loss, trainer, checkpoints and cross-validation."""

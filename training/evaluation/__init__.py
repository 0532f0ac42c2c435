"""Recordings scored by a bundle, and what the scores are worth against the ground truth.

Conventions
-----------
``ground_truth``, ``decided``
    ``(n,)`` class indices, 0 to k - 1, int; -1 (``UNKNOWN``) where the class is not known. ``decided`` is the index of
    the largest score.
``scores``
    ``(n, k)`` float, a column per label, 0 to 1 and calibrated; rows of a softmax sum to 1. ``score`` is one column.
``positive``, ``score``
    ``(n,)`` bool and float: one label against all others.
``matrix``
    ``(k, k)`` int, a confusion matrix: rows are the ground truth, columns the decisions.
``rows``
    ``(m,)`` int, the rows that count; in a resample of the bootstrap a row may occur more than once.
``patients``
    ``n`` names. Intervals are over patients: all recordings of a patient are drawn, or none.

Metrics are fractions from 0 to 1, never percent; NaN where the rows do not give one (null in JSON).
"""

"""Recordings and their labels: readers of data sets, patients, folds, splits and annotations."""

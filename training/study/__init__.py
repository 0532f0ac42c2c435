"""The recipe and its variants on the same folds: what each part is worth."""

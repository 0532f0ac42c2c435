"""The ablation study: the recipe and its variants on the same folds."""

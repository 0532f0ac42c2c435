"""From recordings to training examples: synthetic hearts, beat splicing, augmentation, batches."""

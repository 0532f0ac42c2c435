"""From recordings to training examples: synthetic sounds, spliced beats, augmentation, batches."""

"""The segmentation of the cardiac cycle: S1, systole, S2 and diastole of a sound, as it arrives."""

"""What the heart sounds found say: beats, and the durations of systole and diastole."""

"""The electrocardiogram beside the sound: where its R peaks are. No thread, no clock."""

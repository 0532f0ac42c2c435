"""Who writes the ring: arrays, files, pipes, synthetic hearts and microphones."""

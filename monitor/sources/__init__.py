"""Where sound comes from: recordings, standard input, made signals, microphones."""

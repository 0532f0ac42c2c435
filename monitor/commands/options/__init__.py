"""Options that several commands share: their arguments, the config file, and the beginning of a session."""

"""Sound that arrives over a network: from a microcontroller with a microphone, or another program."""

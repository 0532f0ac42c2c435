"""From the bytes of a recording to samples: decoders, headers and checks."""

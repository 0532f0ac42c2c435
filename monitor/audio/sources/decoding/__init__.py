"""From the bytes of a recording to samples: decoders, headers and the checks of what they promise."""

"""From raw outputs to probabilities, thresholds and the quality gate."""

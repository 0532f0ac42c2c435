"""A run for other programs and other screens, over HTTP: its lines, its state, metrics, a picture and a page."""

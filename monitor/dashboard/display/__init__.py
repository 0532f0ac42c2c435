"""How a terminal shows the screen: its background, its signs, its colours, its pixels."""

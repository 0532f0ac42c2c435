"""A sound device: choosing it, opening it, watching over it and finding it again."""

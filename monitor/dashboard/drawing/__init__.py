"""A frozen state in, a canvas of characters out; knows no terminal, no clock and no thread."""

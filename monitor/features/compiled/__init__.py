"""The optional compiled front end: what a hop computes with arrays, in C, where a compiler built it.

NumPy is the reference: whatever is here exists there too, with the same results within the rounding of single
precision, and is used where there is no library. Settings go from Python to C with each object, so each exists once.
"""

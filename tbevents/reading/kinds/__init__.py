"""The kinds of values, one module each: what a point is, and how it is decoded from either form."""

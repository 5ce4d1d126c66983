"""The only reader of ``schemas/``: what topics there are, and whether a value fits its schema."""

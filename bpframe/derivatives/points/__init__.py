"""At which point is a network differentiated, and how many examples at once?

A network at one θ with its examples, its cost and its errors, in portions where memory asks for it. In go arrays as
users hand them in; out come checked arrays, and linearisations that products are computed from. Start with
`linearisation.py`, then `portions.py`.
"""

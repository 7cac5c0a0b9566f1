"""How does the gradient change along a vector?

Products with the Hessian, exact or as differences, with the Gauss–Newton matrix and with the Fisher matrices; none of
these is written out. In go a linearisation and vectors; out come vectors, and operators for SciPy. Start with `hvp.py`,
then `ggn.py`.
"""

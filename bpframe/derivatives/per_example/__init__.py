"""What is the gradient of every single example's cost?

Gradients per example, their norms and inner products, from outer products where an operator has them. In goes a
linearisation; out come arrays with examples on axis 0, or sums of clipped gradients. Start with `gradients.py`.
"""

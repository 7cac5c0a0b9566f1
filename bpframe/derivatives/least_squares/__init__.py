"""What is a cost that is a sum of squares?

Residuals, their Jacobian and the step that they suggest, as Levenberg–Marquardt and curve fitting need them. In go a
network and examples; out come costs, gradients and products with JᵀJ at any θ. Start with `least_squares.py`;
`output_residuals.py` says what is asked of the cost.
"""

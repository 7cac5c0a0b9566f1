"""What is computed?

A pass: forward, BP1, and BP2 to BP4 backward, over a plan whose slots a workspace fills. In go a graph and arrays; out
come values, costs, errors, gradients and products with the Jacobian. Start with `plan.py`; the equations stand in
`forward.py`, `backward.py` and `jvp.py`, and `engine.py` does passes again and again.
"""

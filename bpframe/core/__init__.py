"""What is declared, what is connected, what is computed?

The heart: Jacobians as operators, components that declare them, the graph that connects components, and the passes that
run it. In go components and arrays, out come values, costs and gradients, by BP1 to BP4. Read `component/layer.py`,
then `operators/base.py`, `graph/graph.py` and `backprop/backward.py`.
"""

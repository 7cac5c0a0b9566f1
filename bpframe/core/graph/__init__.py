"""What is connected?

From a network's description to its graph: names resolved, nodes in order, every shape known, every mistake in the
wiring found. In goes a `NetworkSpec`; out come a `Graph`, which holds no array, and the vector in which its parameters
lie. Start with `graph.py`, then `building.py`.
"""

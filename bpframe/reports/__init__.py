"""What does a network look like, printed or drawn?

Tables of nodes, of the memory and of the calls of a training step, and pictures of the graph. In goes a network's graph
or plan; out comes text, Mermaid or a drawing. Start with `summary.py`.
"""

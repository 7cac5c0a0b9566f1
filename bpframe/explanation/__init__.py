"""Why is a number what it is?

One example through a network with every number shown, and where each of them comes from. In goes a trace of one
example; out comes plain data.
"""

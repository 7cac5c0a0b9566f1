"""What is a Jacobian that nobody declared?

Derivatives by number, from `forward` alone: the complex step where it works, else differences of the steps whose error
is smallest. In go a function and a point; out come derivatives, with what their errors are. Start with `by_number.py`;
`draft.py` lets a network run while a component's Jacobian is still missing.
"""

"""Does the kit notice a Jacobian that is false?

A component's declared Jacobian is made false in many ways, and each has to be noticed. In goes a component that passes;
out come the mutants that pass as well. Start with `mutating.py`; `mutations.py` lists the ways.
"""

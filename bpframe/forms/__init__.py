"""In which forms are a Jacobian and its products handed on?

As outer products, as a few rows of a parameter, as a sparse array, as SciPy's `LinearOperator`. In go what operators
return from their methods of these names; out come norms, inner products and sums that need no vector written out, and
what other libraries take. No pass needs them: they are views of operators. Start with `pulled_vectors.py`.
"""

"""What does a pulled-back error look like before the sum over its places?

As outer products, J_nᵀ u_n = Σ_l e_{n,l} a_{n,l}ᵀ: what norms, inner products and curvature of single examples are
computed from, without a gradient per example being written out. In goes what an operator's `kronecker_form` returns.
Start with `pulled_vectors.py`, then `kronecker_form.py`.
"""

"""Composition that keeps structure."""

from __future__ import annotations

from bpframe.core.operators.base import Operator, one_batch
from bpframe.core.operators.composed import Composed, chain_shapes
from bpframe.errors import OperatorError

__all__ = ["compose"]


def compose(*operators: Operator) -> Operator:
    """Apply operators one after another, the last one first, and simplify what stands side by side.

        compose(A, B) = A ∘ B : v ↦ A (B v)

    Identities vanish; diagonals, broadcasts, reshapes and gathers join their like, and gathers take in reshapes;
    everything else becomes a lazy `Composed`. Each class says itself which neighbours it joins. Operators that are not
    bound get their shapes from their neighbours where these determine them; the operators handed in stay as they are.

    Errors: OperatorError for no operators at all, neighbours whose shapes do not fit, or different batch sizes.

    Source: eq. (6), the chain rule.
    """
    if not operators:
        raise OperatorError("compose was called without operators", expected="at least one", received="none")
    factors: list[Operator] = []
    for operator in operators:
        factors.extend(operator.factors if isinstance(operator, Composed) else (operator,))
    joints = chain_shapes(tuple(factors))
    one_batch(factors)
    stack: list[Operator] = []
    for place, factor in enumerate(factors):
        current = factor._with_shapes(joints[place + 1], joints[place])
        if current is not factor and current._is_bound():
            current._check_shapes(current.in_shape, current.out_shape)
        while stack and (joined := _join(stack[-1], current)) is not None:
            stack.pop()
            current = joined
        stack.append(current)
    if len(stack) == 1:
        return stack[0]
    chain, in_shape, out_shape = Composed(tuple(stack)), joints[-1], joints[0]
    if in_shape is None or out_shape is None:
        return chain._with_shapes(in_shape, out_shape)
    return chain.bind(in_shape, out_shape)


def _join(outer: Operator, inner: Operator) -> Operator | None:
    """The product outer ∘ inner as one structure, or None where neither class joins the other."""
    if (joined := outer._after(inner)) is None and (joined := inner._before(outer)) is None:
        return None
    return joined._with_shapes(inner._known_shapes()[0], outer._known_shapes()[1])

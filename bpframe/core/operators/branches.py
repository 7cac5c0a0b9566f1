"""Operators that begin with the same factor: pulled back through it once, and pushed forward through it as a sum.

    (A B)ᵀ u = Bᵀ w,    (A C)ᵀ u = Cᵀ w    with w = Aᵀ u;        A B v + A C v' = A (B v + C v')

Such a factor is one object: what a recurrent layer's time loop does to all its inputs and parameters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple

from bpframe.core.operators.base import Operator, Shape
from bpframe.core.operators.composed import Composed
from bpframe.core.operators.identity import IdentityMap
from bpframe.core.operators.sum import Sum
from bpframe.forms.pulled_vectors import PulledVectors
from bpframe.validation.plain_arrays import Array, copy_as_it_lies

__all__ = ["Branches", "branches", "pulled_once"]

Named = tuple[str, Operator]


class Branches(NamedTuple):
    """Operators of one output, by key: those that begin alone, and the factors that several begin with.

    A factor stands with the branches behind it. The operator of a key is the sum over all places where the key stands.
    """

    alone: tuple[Named, ...]
    common: tuple[tuple[Operator, Branches], ...] = ()

    @property
    def key(self) -> str:
        """The first key."""
        return self.alone[0][0] if self.alone else self.common[0][1].key


def branches(operators: Mapping[str, Operator]) -> Branches:
    """Group operators of one output by the objects that they begin with, and again what follows these.

    A term of a sum is an operator of its own where another one begins as it does.
    """
    return _grouped(operators.items()) if _may_share(operators) else Branches(tuple(operators.items()))


def pulled_once(operators: Mapping[str, Operator], apart: bool = False) -> Mapping[str, Operator]:
    """Return operators for one cotangent, which a factor that several begin with is asked to pull back once.

    Where there is no such factor these are the operators themselves. `apart` says that factors may keep or overwrite
    what they return: it is copied.
    """
    if not _may_share(operators):
        return operators
    found = _grouped(operators.items())
    if not found.common:
        return operators
    parts = _joined(found, apart)
    return {key: _summed(parts[key], operator) for key, operator in operators.items()}


class PulledOnce(Operator):
    """A factor that several operators begin with: what it made of a cotangent is kept for the next that asks."""

    __slots__ = ("_apart", "_given", "_pulled", "factor")

    def __init__(self, factor: Operator, apart: bool) -> None:
        self.factor = factor
        self._apart = apart
        self._given: Array | None = None
        self._pulled: Array

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward."""
        return self.factor.jvp(v, out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back, or return what was pulled back before from the same array."""
        if u is not self._given:
            pulled = self.factor.vjp(u)
            if self._apart:
                pulled = copy_as_it_lies(pulled)
                pulled.flags.writeable = False
            self._given, self._pulled = u, pulled
        # `np.add.at` writes into arrays of one axis although they are read-only.
        return self._pulled.copy() if self._apart and self._pulled.ndim < 2 else self._pulled

    def kronecker_form(self, u: Array) -> PulledVectors:
        """Return the factor's own form, or what was pulled back."""
        if type(self.factor).kronecker_form is not Operator.kronecker_form:
            return self.factor.kronecker_form(u)
        return super().kronecker_form(u)

    @property
    def couples_batch(self) -> bool:  # type: ignore[override]  # a constant of the class elsewhere
        """Whether the factor couples the batch."""
        return self.factor.couples_batch

    @property
    def structure(self) -> str:
        """The factor's."""
        return self.factor.structure

    @property
    def _parts(self) -> tuple[Operator, ...]:
        return (self.factor,)

    def _known_shapes(self) -> tuple[Shape | None, Shape | None]:
        return self.factor._known_shapes()


def _may_share(operators: Mapping[str, Operator]) -> bool:
    """Whether it pays to look: most nodes have neither sums nor two operators that begin with one object."""
    kinds = {*map(type, operators.values())}
    begin = (_first(each)._first() for each in operators.values()) if Composed in kinds else operators.values()
    return Sum in kinds or (len(operators) > 1 and len({*map(id, begin)}) < len(operators))


def _grouped(operators: Iterable[Named]) -> Branches:
    named = [(key, operator, _begins(operator)) for key, operator in operators]
    met = Counter(begins for _, _, begins in named)
    terms = [
        [(term, _begins(term)) for term in operator.terms]
        if isinstance(operator, Sum) and met[begins] == 1
        else [(operator, begins)]
        for _, operator, begins in named
    ]
    met = Counter(begins for some in terms for _, begins in some)
    alone: list[Named] = []
    common: dict[Hashable, tuple[Operator, list[Named]]] = {}
    for (key, operator, _), some in zip(named, terms, strict=True):
        shared = [met[begins] > 1 and not _first(term)._only_reshapes for term, begins in some]
        if not any(shared):
            alone.append((key, operator))
            continue
        for (term, begins), is_shared in zip(some, shared, strict=True):
            if is_shared:
                common.setdefault(begins, (_first(term), []))[1].append((key, _rest(term)))
            else:
                alone.append((key, term))
    return Branches(tuple(alone), tuple((factor, _grouped(rest)) for factor, rest in common.values()))


def _joined(found: Branches, apart: bool) -> dict[str, list[Operator]]:
    """Return the terms of every key, as chains whose common factors are one object that remembers."""
    parts: dict[str, list[Operator]] = {}
    for key, operator in found.alone:
        parts.setdefault(key, []).append(operator)
    for factor, rest in found.common:
        once = PulledOnce(factor, apart)
        for key, operators in _joined(rest, apart).items():
            chains = (Composed((once, *_factors(operator))) for operator in operators)
            parts.setdefault(key, []).extend(chains)
    return parts


def _summed(parts: list[Operator], whole: Operator) -> Operator:
    """Add the terms of one key; where there is one that begins alone, it is the key's operator itself."""
    total = parts[0] if len(parts) == 1 else Sum(tuple(parts))
    if total is not whole:  # not `bind`, which may copy factors
        total.in_shape, total.out_shape = whole.in_shape, whole.out_shape
    return total


def _factors(operator: Operator) -> tuple[Operator, ...]:
    return operator.factors if isinstance(operator, Composed) else (operator,)


def _first(operator: Operator) -> Operator:
    return _factors(operator)[0]


def _begins(operator: Operator) -> Hashable:
    """Return what two operators have in common if and only if they begin with the same object."""
    return _first(operator)._original()


def _rest(operator: Operator) -> Operator:
    """Return what follows the first factor."""
    rest = _factors(operator)[1:]
    if not rest:
        return IdentityMap().bind(operator.in_shape, operator.in_shape)
    return rest[0] if len(rest) == 1 else Composed(rest)

"""The parts of an equation: atoms, which have a value, and what puts them together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from bpframe.validation.plain_arrays import Array

__all__ = [
    "Applied",
    "Atom",
    "Call",
    "Dots",
    "Expression",
    "Grid",
    "Hadamard",
    "HalfSquare",
    "Minus",
    "Nabla",
    "Numbers",
    "Partial",
    "Plus",
    "SumOver",
    "Symbol",
    "Times",
    "Transposed",
]

#: An index is an entry's number, or a letter that stands for one: from 1 on as in the tutorial, after names from 0 on.
Index: TypeAlias = int | str


@dataclass(frozen=True)
class Symbol:
    """A letter with a layer and indices, w^l_jk, or what a user named (`is_name`), also below a letter: δ_sum."""

    base: str
    layer: int | None = None
    index: tuple[Index, ...] = ()
    of: str | None = None
    is_name: bool = False

    def at(self, *index: Index) -> Symbol:
        """Return one entry of it."""
        return Symbol(self.base, self.layer, index, self.of, self.is_name)


@dataclass(frozen=True)
class Partial:
    """∂top/∂bottom: a derivative, or the table of all of them, a Jacobian."""

    top: Symbol
    bottom: Symbol


@dataclass(frozen=True)
class Nabla:
    """∇_by of, as in ∇_a C: the derivatives of a number by every entry of a value; a layer is not written."""

    of: Symbol
    by: Symbol


@dataclass(frozen=True)
class Applied:
    """σ(z), or with `prime` its derivative σ'(z), entry by entry."""

    function: Symbol
    argument: Symbol
    prime: bool = False


@dataclass(frozen=True)
class Call:
    """What a component makes of values: dense(x; w, b). The component's name is a user's."""

    function: str
    arguments: tuple[Symbol, ...]
    parameters: tuple[Symbol, ...] = ()


#: What has a value of its own.
Atom: TypeAlias = Symbol | Partial | Nabla | Applied | Call


@dataclass(frozen=True, eq=False)
class Numbers:
    """An array in the place of an atom: a number (), a column (n,) or a matrix (m, n)."""

    array: Array


@dataclass(frozen=True)
class Plus:
    """Terms added up."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Minus:
    """One less another."""

    left: Expression
    right: Expression


@dataclass(frozen=True)
class Times:
    """Factors multiplied, as matrices and columns are, or as numbers."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True)
class Hadamard:
    """Factors multiplied entry by entry: ⊙."""

    left: Expression
    right: Expression


@dataclass(frozen=True)
class Transposed:
    """Rows for columns: (...)ᵀ. A column becomes a row."""

    inner: Expression


@dataclass(frozen=True)
class HalfSquare:
    """½ ‖...‖²."""

    inner: Expression


@dataclass(frozen=True)
class SumOver:
    """Σ over a letter of an expression with that letter; `terms` writes it out."""

    letter: str
    inner: Expression
    terms: Plus


@dataclass(frozen=True)
class Dots:
    """What is left out, `count` of them."""

    count: int


@dataclass(frozen=True)
class Grid:
    """A matrix, or a column, of expressions, of which some may be left out; `whole` is all of it as one."""

    rows: tuple[tuple[Expression, ...], ...]
    whole: Expression = field(compare=False)


Expression: TypeAlias = (
    Atom | Numbers | Plus | Minus | Times | Hadamard | Transposed | HalfSquare | SumOver | Dots | Grid
)

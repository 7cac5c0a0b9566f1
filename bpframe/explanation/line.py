"""One line of an explanation: an equation in letters, with this network's numbers, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bpframe.explanation.formula import Atom, Expression, filled
from bpframe.explanation.formula.tree import Numbers
from bpframe.validation.plain_arrays import Array

__all__ = ["Line"]


@dataclass(frozen=True, eq=False)
class Line:
    """`left` = `symbols` = the same with numbers = `result`.

    `tag` is the equation's number or name: "2", "BP2"; "" where it has none. `left` is what the line is about, `values`
    holds the numbers of the letters in `symbols`, as columns and matrices. `says` is a sentence in words. `node` is the
    node that it belongs to, or a parameter's path; `layer` that of the tutorial. `arrow` says that `left` becomes the
    result, rather than being equal to it: eq. (1).
    """

    tag: str
    left: Expression
    symbols: Expression
    values: Mapping[Atom, Array]
    result: Array
    says: str = ""
    node: str | None = None
    layer: int | None = None
    arrow: bool = field(default=False, kw_only=True)

    @property
    def numbers(self) -> Expression:
        """The equation's right side with numbers in the places of letters, as far as they are known."""
        return filled(self.symbols, self.values)

    @property
    def shown_twice(self) -> bool:
        """Whether what the numbers filled in show is the result already, or nothing more than the letters."""
        return isinstance(self.numbers, Numbers) or not self.values

"""What a plan says: the bracketing as steps, its costs, and both as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bpframe.derivatives.ordering.factor import Factor

__all__ = ["Action", "ChainPlan", "ChainStep"]

Action: TypeAlias = Literal[
    "known", "accumulate, tangent", "accumulate, adjoint", "tangent product", "adjoint product", "dense product"
]


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One node of a bracketing: how the Jacobian of the factors `first` to `last` is obtained.

        known                  J_k as it is
        accumulate, tangent    J_k from n_k unit vectors pushed forward        n_k |E_k|
        accumulate, adjoint    J_k from m_k unit vectors pulled back           m_k |E_k|
        tangent product        the columns of `earlier`, pushed through the factors split + 1 … last     n_first Σ|E|
        adjoint product        the rows of `later`, pulled back through the factors split … first        m_last Σ|E|
        dense product          `later` times `earlier`                         m_last m_split n_first

    Factors are numbered from 1, the function that is applied first. `rows` and `columns` are the shape of the result,
    `cost` the multiplications of this node alone, for the whole batch. `split` is None where there is one factor.
    """

    action: Action
    first: int
    last: int
    split: int | None
    rows: int
    columns: int
    cost: int

    @property
    def earlier(self) -> tuple[int, int] | None:
        """The (first, last) of the earlier Jacobian that this node multiplies, or None."""
        if self.split is None or self.action == "adjoint product":
            return None
        return self.first, self.split

    @property
    def later(self) -> tuple[int, int] | None:
        """The (first, last) of the later Jacobian that this node multiplies, or None."""
        if self.split is None or self.action == "tangent product":
            return None
        return self.split + 1, self.last


@dataclass(frozen=True, slots=True)
class ChainPlan:
    """The cheapest bracketing of a chain, and what the usual ways cost.

    `steps` is the tree of the bracketing with operands before the node that uses them, so that it can be carried out
    from first to last; each part of the chain occurs at most once, and the last step is the whole. `cost` is the sum
    of the steps' costs. All in multiplications, beside `tangent` (n_1 Σ|E|, all of forward mode), `adjoint`
    (m_p Σ|E|, all of reverse mode) and `preaccumulation` (every factor on its own, then the best dense products). For a
    `batch` of several examples they are those of the whole batch, in which shared factors are multiplied once.
    """

    factors: tuple[Factor, ...]
    steps: tuple[ChainStep, ...]
    cost: int
    tangent: int
    adjoint: int
    preaccumulation: int
    batch: int = 1

    @property
    def bracketing(self) -> str:
        """The product with its brackets: J is a factor's Jacobian, F a factor that vectors are sent through.

        In `F3 J2` columns are pushed forward through f_3, in `J2 F1` rows are pulled back through f_1.
        """
        return self._texts()[-1]

    def __str__(self) -> str:
        """Lay out the bracketing, the costs, and one line for each step."""
        modes = f"tangent {self.tangent:,}, adjoint {self.adjoint:,}, preaccumulation {self.preaccumulation:,}"
        rows = [
            (
                _part(step.first, step.last),
                f"{step.rows}×{step.columns}",
                step.action,
                _operands(step),
                f"{step.cost:,}",
            )
            for step in self.steps
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        lines = ["  " + "  ".join([*map(str.ljust, row[:4], widths[:4]), row[4].rjust(widths[4])]) for row in rows]
        batch = "" if self.batch == 1 else f" for {self.batch} examples"
        return "\n".join([f"{self.bracketing}: {self.cost:,} multiplications{batch} ({modes})", *lines])

    def _texts(self) -> list[str]:
        """The brackets of each step. Not recursive: a chain of hundreds of factors may nest as deep."""
        texts: dict[tuple[int, int], str] = {}
        for step in self.steps:
            operands = [_functions(step.last, step.split + 1) if step.split is not None else f"J{step.first}"]
            if step.later is not None:
                operands = [_bracketed(texts[step.later])]
            if step.earlier is not None:
                operands.append(_bracketed(texts[step.earlier]))
            elif step.split is not None:
                operands.append(_functions(step.split, step.first))
            texts[step.first, step.last] = " ".join(operands)
        return list(texts.values())


def _part(first: int, last: int) -> str:
    return f"J{first}" if first == last else f"J{last}..{first}"


def _functions(last: int, first: int) -> str:
    return " ".join(f"F{number}" for number in range(last, first - 1, -1))


def _bracketed(text: str) -> str:
    return f"({text})" if " " in text else text


def _operands(step: ChainStep) -> str:
    if step.split is None:
        return "" if step.action == "known" else f"F{step.first}"
    later = _functions(step.last, step.split + 1) if step.later is None else _part(*step.later)
    earlier = _functions(step.split, step.first) if step.earlier is None else _part(*step.earlier)
    return f"{later} {earlier}"

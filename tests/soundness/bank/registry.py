"""How a behaviour tells the generator where it may stand and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["BANK", "Behaviour", "Plain", "behaviour"]

from bpframe.extend import Activation, Diagonal


@dataclass(frozen=True)
class Behaviour:
    """A component of the bank, as a program writes it.

    `tags` are `impure` (a call leaves something, or reads what is no argument), `writes` (into what it was handed: an
    error that has a name is due), `keeps` (references to arrays that it was handed), `layout` (its value depends on
    how arrays lie), `state`, `chance`, `draft`, `warns`, `slow`, `inner` (only behind another node: what a user hands
    over is the user's object) and `flat` (takes (N, n) only).

    `changes` are statements that change what it reads elsewhere. `shape` maps its inputs' feature shapes to its
    output's; None says that it takes no such input.
    """

    name: str
    tags: frozenset[str]
    inputs: int
    shape: Callable[..., tuple[int, ...] | None]
    changes: tuple[str, ...]
    arguments: str

    @property
    def made(self) -> str:
        return f"bank.{self.name}({self.arguments})"


BANK: dict[str, Behaviour] = {}


def behaviour(*tags, inputs=1, shape=None, changes=(), arguments=""):
    """Enter a class in the bank."""

    def entered(cls):
        name = f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"

        def out(*shapes):
            if ("flat" in tags and any(len(each) != 1 for each in shapes)) or len(set(shapes)) > 1:
                return None
            return shapes[0] if shape is None else shape(*shapes)

        BANK[name] = Behaviour(name, frozenset(tags), inputs, out, tuple(changes), arguments)
        return cls

    return entered


class Plain(Activation):
    """What behaviours inherit that are about `forward` alone.

    Jacobians of the bank need not be those of the values: what is asked is whether they are repeated right.
    """

    def jacobian(self, x):
        return Diagonal(1 / (1 + x * x))

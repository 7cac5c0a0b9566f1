"""Optimizers that hold an optimizer in a field: which, whether blocks suit all of them, and what they are called."""

from __future__ import annotations

from bpframe.categories.calling import asked_fields
from bpframe.categories.optimizer import Optimizer
from bpframe.core.component import contract_of

__all__ = ["asks_for", "averages_of", "depth_of", "full_kind", "held_by", "in_blocks", "innermost"]


def held_by(optimizer: Optimizer) -> dict[str, Optimizer]:
    """Return the optimizers that `update` is handed as rules, by the fields that hold them."""
    fields = asked_fields(optimizer, "update")
    return {word: value for word, value in fields.items() if isinstance(value, Optimizer)}


def innermost(optimizer: Optimizer) -> list[Optimizer]:
    """Return the optimizers inside of this one that hold none themselves; itself where it holds none."""
    held = held_by(optimizer)
    return [found for each in held.values() for found in innermost(each)] if held else [optimizer]


def asks_for(optimizer: Optimizer, word: str) -> bool:
    """Whether the update of the optimizer, or of one that it holds, asks for a word."""
    signature = contract_of(type(optimizer)).methods.get("update")
    mine = signature is not None and signature.asks_for(word)
    return mine or any(asks_for(each, word) for each in held_by(optimizer).values())


def averages_of(optimizer: Optimizer) -> str:
    """Return the name that the outermost averaged parameters have in the whole state, or nothing."""
    below = (f"{field}/{name}" for field, each in held_by(optimizer).items() if (name := averages_of(each)))
    return optimizer.averages or next(below, "")


def depth_of(optimizer: Optimizer) -> int:
    """Return how many rules are held inside of each other: 0 for one that holds none."""
    return max((1 + depth_of(each) for each in held_by(optimizer).values()), default=0)


def in_blocks(optimizer: Optimizer) -> bool:
    """Whether the optimizer and all that it holds are elementwise."""
    return optimizer.elementwise and all(map(in_blocks, held_by(optimizer).values()))


def full_kind(optimizer: Optimizer) -> str:
    """Return an optimizer's kind with what it holds: `clip_global_norm(adam)`."""
    held = held_by(optimizer)
    return f"{optimizer.kind}({', '.join(map(full_kind, held.values()))})" if held else optimizer.kind

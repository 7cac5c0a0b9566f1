"""What a repeated training step does, call by call, and where its intermediate arrays lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.derivatives.points.memory import in_words
from bpframe.replay.buffers import Lifetime, calls_of
from bpframe.replay.dry_run import checked_batch_size, dry_run
from bpframe.replay.tape import Op
from bpframe.reports.tables import printed, table_of

__all__ = ["PlannedCall", "StepPlan", "step_plan"]


@dataclass(frozen=True)
class PlannedCall:
    """One call of a step: of which node, in which direction, which NumPy function, the shapes that it reads and writes.

    `function` is empty where the component itself is called, and `why` says why it is.
    """

    node: str
    phase: str
    function: str
    shapes: tuple[tuple[int, ...], ...]
    why: str = ""


@dataclass(frozen=True)
class StepPlan:
    """The calls of a repeated step in order, the lifetimes of their buffers, and why some nodes are called directly."""

    batch_size: int
    calls: tuple[PlannedCall, ...]
    buffers: tuple[Lifetime, ...]
    block: int
    direct: Mapping[str, str]

    def __str__(self) -> str:
        calls = [
            (str(number), each.node, each.phase, each.function or "(the component)", each.why or _shapes(each.shapes))
            for number, each in enumerate(self.calls)
        ]
        buffers = [
            (life.made_by, f"{life.first} to {life.last}", str(life.offset), str(life.nbytes)) for life in self.buffers
        ]
        return "\n\n".join([
            f"a step with batches of {self.batch_size}: {len(calls)} calls, {in_words(self.block)} of buffers",
            printed(table_of(("", "node", "direction", "call", "arrays"), calls, 5)),
            printed(table_of(("buffer made by", "calls", "offset", "bytes"), buffers)),
        ])  # fmt: skip


def step_plan(engine: Engine, batch_size: int) -> StepPlan:
    """Record a step with arrays of zeros and return its plan.

    Errors: DataError (the batch size is no positive number); ContractError (a component fails at zeros).
    """
    program = dry_run(engine, checked_batch_size(batch_size))
    calls = tuple(
        PlannedCall(
            segment.name,
            segment.phase,
            "" if op is None else _name(op),
            tuple(each.shape for each in places),
            program.direct.get(segment.name, "its state is copied") if op is None else "",
        )
        for segment, places, op in calls_of(program.record.segments)
    )
    return StepPlan(batch_size, calls, tuple(program.buffers.lifetimes), program.buffers.size, dict(program.direct))


def _name(op: Op) -> str:
    name = getattr(op.function, "__name__", type(op.function).__name__)
    owner = getattr(op.function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{owner.__name__}.{name}"
    if name == "_filled":
        return str(op.operands[0].__name__)
    return {"_selected": "getitem"}.get(name, name)


def _shapes(shapes: tuple[tuple[int, ...], ...]) -> str:
    return " ".join(str(shape).replace(" ", "") for shape in shapes)

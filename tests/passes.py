"""A look at what a network keeps of its passes, for tests of how they are repeated."""

from __future__ import annotations

from bpframe.core.backprop.called_pass import Wanted
from bpframe.replay.program import Program


def programs(network, *wanted: Wanted) -> list[Program]:
    """Return what repeats the network's passes, of some kinds or of all."""
    kept = [each for lane in network._engine.held.gate.lanes for each, _ in lane._kept.values()]
    return [each for each in kept if isinstance(each, Program) and (not wanted or each.wanted in wanted)]


def training_steps(network) -> list[Program]:
    return [each for each in programs(network, Wanted.GRADIENT) if each.training]


def evaluations(network) -> list[Program]:
    return programs(network, Wanted.OUTPUTS, Wanted.COSTS)


def forget(network) -> None:
    network._engine.held.gate.clear()


def step(network, inputs, targets, training=True, purpose="training"):
    """One pass of a training: the summed cost, the gradient's vector, the workspace."""
    engine = network._engine
    with engine.lane() as lane:
        cost, workspace = engine.differentiate(lane, inputs, targets, training, purpose)
        return cost, lane.gradient.vector.copy(), workspace

"""The random streams of a network as plain numbers: where each of them is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bpframe.core.backprop.held import Held

__all__ = ["Streams", "go_on_with", "streams_of"]


@dataclass(frozen=True)
class Streams:
    """The seed from which further streams begin, and the states of those that have begun, by (name, purpose)."""

    seed: int
    states: Mapping[tuple[str, str], Mapping[str, Any]]


def streams_of(held: Held) -> Streams:
    """Return where the random streams of a network are, in the order of their names."""
    begun = sorted(dict(held.generators).items())  # other threads may add to it meanwhile
    return Streams(held.seed, {key: generator.bit_generator.state for key, generator in begun})


def go_on_with(held: Held, streams: Streams) -> None:
    """Bring the random streams of a network to where they were."""
    held.reseed(streams.seed)
    for (name, purpose), state in streams.states.items():
        held.generator(name, purpose).bit_generator.state = state

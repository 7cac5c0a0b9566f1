"""One random stream per purpose.

Every purpose (a parameter's first values, shuffling, a dropout node) draws from a stream of its own, keyed by the seed
and the purpose's name. Adding a layer, a plugin or an evaluation leaves every other stream as it was.
"""

from __future__ import annotations

import zlib

import numpy as np

__all__ = ["stream"]


def stream(seed: int, *purpose: str) -> np.random.Generator:
    """Return the generator of one purpose, such as `stream(0, "initialise", "dense_1.w")`.

    The streams are children of `numpy.random.SeedSequence(seed)`; a purpose's spawn key is the CRC-32 of its words.
    """
    key = tuple(zlib.crc32(word.encode()) for word in purpose)
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=key))

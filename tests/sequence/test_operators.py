"""What curvature asks the loops over time and attention for: second moments, beside vectors pulled back one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_sequence import Gru, Lstm, MaskedGru, MaskedLstm, SimpleRnn

LAYERS = [
    SimpleRnn(units=2, return_sequences=True),
    Lstm(units=2, return_sequences=True, bidirectional=True, truncate=2),
    Gru(units=2, return_sequences=True, bidirectional=True),
    MaskedLstm(units=2, return_sequences=True, bidirectional=True),
    MaskedGru(units=2, return_sequences=True),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.kind)
def test_moments_are_those_of_vectors_that_are_zero_but_at_one_place(layer: Any) -> None:
    rng, times = np.random.default_rng(0), 4
    x = rng.standard_normal((3, times, 2))
    shapes = ((times, 2), (times,)) if layer.integer_inputs else ((times, 2),)
    given = (x, rng.integers(0, 2, (3, times))) if layer.integer_inputs else (x,)
    p = {key: rng.standard_normal(each.shape) for key, each in layer.parameters(shapes).items()}
    saved: dict[str, Any] = {}
    y = layer.forward(*given, p, saved)
    u = rng.standard_normal(y.shape)
    apart = np.einsum("ntk,st->sntk", u, np.eye(times))
    for key, operator in layer.jacobian(x, p, saved).items():
        if key[0] != "w":
            continue
        through = operator.factors[0]
        e, places = through.vjp(apart), []
        for place, found in through.pulled_moments(u[..., None] * u[..., None, :]):
            places.append(place)
            np.testing.assert_allclose(found, np.einsum("snk,snm->nkm", e[:, :, place], e[:, :, place]), atol=1e-12)
        assert sorted(places) == list(range(times))

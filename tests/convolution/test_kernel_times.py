"""The gradient of a kernel in blocks of places is that of one product, also where places have no parts."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_convolution.kernel_times import KernelTimes

from bpframe.extend import WeightTimes


@pytest.mark.parametrize(
    "shape",
    [(2, 128, 30), (3, 8, 97, 40), (2, 997, 25), (2, 30, 30, 72), (1, 50, 50, 2), (2, 3, 4), (0, 128, 30)],
    ids=str,
)
def test_blocks_add_up_to_the_product(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    a, u = rng.standard_normal(shape), rng.standard_normal((*shape[:-1], 32))
    found = KernelTimes(a).bind((32, shape[-1]), u.shape[1:]).sum_vjp(u)
    np.testing.assert_allclose(found, u.reshape(-1, 32).T @ a.reshape(-1, shape[-1]), rtol=0, atol=1e-10)


def test_places_are_parted_where_it_pays_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    whole = WeightTimes.sum_vjp
    monkeypatch.setattr(WeightTimes, "sum_vjp", lambda *args: called.append(args) or whole(*args))
    for places, entries in ((576, 25), (676, 72), (10, 10), (997, 72)):
        KernelTimes(np.ones((2, places, entries))).sum_vjp(np.ones((2, places, 32)))
    assert [args[1].shape[1] for args in called] == [10, 997]

"""Starts beside PyTorch's: two samples, one distribution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from bpframe_convolution import Conv2d
from bpframe_optimizers import Glorot, He, Orthogonal, TruncatedNormal
from bpframe_reference import Dense
from scipy import stats
from torch.nn import init

import bpframe as bp
from bpframe.extend import Initializer

CASES = [
    (Glorot(), init.xavier_uniform_),
    (Glorot(distribution="normal", gain=5 / 3), lambda w: init.xavier_normal_(w, gain=init.calculate_gain("tanh"))),
    (He(distribution="uniform"), lambda w: init.kaiming_uniform_(w, nonlinearity="relu")),
    (He(slope=0.2, mode="fan_out"), lambda w: init.kaiming_normal_(w, a=0.2, mode="fan_out")),
    (TruncatedNormal(scale=0.5, cut=1.5), lambda w: init.trunc_normal_(w, std=0.5, a=-0.75, b=0.75)),
    (Orthogonal(gain=2.0), lambda w: init.orthogonal_(w, gain=2.0)),
]


@pytest.mark.parametrize(("initializer", "by_torch"), CASES, ids=[repr(each) for each, _ in CASES])
@pytest.mark.parametrize("convolution", [False, True])
def test_both_draw_from_one_distribution(
    initializer: Initializer, by_torch: Callable[[torch.Tensor], torch.Tensor], convolution: bool
) -> None:
    torch.manual_seed(0)
    if convolution:
        layer, shape = Conv2d(filters=40, kernel_size=3, weights=initializer), (5, 5, 12)
        theirs = by_torch(torch.empty(40, 12, 3, 3, dtype=torch.float64))
    else:
        layer, shape = Dense(units=90, weights=initializer), (60,)
        theirs = by_torch(torch.empty(90, 60, dtype=torch.float64))
    ours = bp.Network([layer], input_shape=shape, seed=0).parameters[f"{layer.kind}_1.w"]
    assert stats.ks_2samp(ours.reshape(-1), theirs.numpy().reshape(-1)).pvalue > 0.01
    np.testing.assert_allclose(ours.var(), theirs.numpy().var(), rtol=0.06)

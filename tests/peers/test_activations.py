"""The activations beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from beside_torch import compare  # noqa: E402
from bpframe_activations import (  # noqa: E402
    Elu,
    Gelu,
    HardSigmoid,
    HardTanh,
    LeakyRelu,
    LogSigmoid,
    LogSoftmax,
    Mish,
    Prelu,
    Relu,
    Selu,
    Silu,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)

F = torch.nn.functional
CASES = [
    (Elu(), F.elu),
    (Elu(alpha=0.3), lambda z: F.elu(z, alpha=0.3)),
    (Gelu(), F.gelu),
    (Gelu(approximate="tanh"), lambda z: F.gelu(z, approximate="tanh")),
    # F.hardsigmoid in float64 has the slope 1/6 as a float32, 3e-8 too large: here it is written out.
    (HardSigmoid(), lambda z: (z / 6 + 0.5).clamp(0, 1)),
    (HardTanh(low=-0.5, high=2.0), lambda z: F.hardtanh(z, -0.5, 2.0)),
    (LeakyRelu(slope=0.2), lambda z: F.leaky_relu(z, 0.2)),
    (LogSigmoid(), F.logsigmoid),
    (LogSoftmax(), lambda z: F.log_softmax(z, -1)),
    (LogSoftmax(axis=0), lambda z: F.log_softmax(z, 1)),
    (Mish(), F.mish),
    (Relu(), F.relu),
    (Selu(), F.selu),
    (Silu(), F.silu),
    (Softmax(), lambda z: F.softmax(z, -1)),
    (Softmax(axis=0), lambda z: F.softmax(z, 1)),
    (Softplus(), lambda z: F.softplus(z, threshold=1e9)),  # PyTorch's own default is z itself above 20
    (Softsign(), F.softsign),
    (Tanh(), torch.tanh),
]


@pytest.mark.parametrize("shape", [(4,), (2, 3), (1, 1), (3, 2, 2)])
@pytest.mark.parametrize(("component", "function"), CASES, ids=lambda each: getattr(each, "kind", ""))
def test_it_is_pytorch_s(component, function, shape):
    compare(component, [shape], lambda t: function(t["z"]), scale=3.0, seed=len(shape))


@pytest.mark.parametrize("shape", [(4,), (2, 3), (1,)])
def test_the_learned_slope_is_pytorch_s_for_channels_at_the_end(shape):
    def by_torch(t):
        return torch.moveaxis(F.prelu(torch.moveaxis(t["z"], -1, 1), t["s"]), 1, -1)

    compare(Prelu(), [shape], by_torch, scale=2.0)


@pytest.mark.parametrize("component", [Relu(), LeakyRelu(slope=0.2), HardTanh(), HardSigmoid(), Elu(alpha=0.5), Selu()])
def test_slopes_at_kinks_are_pytorch_s(component):
    functions = {type(each): function for each, function in CASES}
    functions |= {HardSigmoid: F.hardsigmoid, HardTanh: F.hardtanh, Elu: lambda z: F.elu(z, alpha=0.5)}
    z = torch.tensor([[0.0], [-1.0], [1.0], [3.0], [-3.0]], dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(functions[type(component)](z).sum(), z)
    from bpframe.testing.point import Point
    from bpframe.testing.probing import probe_of

    point = Point({"z": z.detach().numpy()}, batch=5)
    found = probe_of(component, [(1,)]).operators(point)["z"].vjp(np.ones((5, 1)))
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-7)

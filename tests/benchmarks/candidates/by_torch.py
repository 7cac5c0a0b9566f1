"""PyTorch: eager as its users write it, and with the forward pass and the cost compiled."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.candidates import Stepping, Unavailable


class TorchOps:
    """A case's operations; signals are (N, channels, T) here, kernels (units, channels, size)."""

    def __init__(self) -> None:
        import torch

        self.sigmoid = torch.sigmoid
        self.dense = torch.nn.functional.linear
        self.conv1d = torch.nn.functional.conv1d

    def conv(self, x, w, b, stride):
        return self.conv1d(x, w, b, stride)


def turned(array):
    """Return a signal or a kernel with its last two axes exchanged, to or from PyTorch's order."""
    return np.ascontiguousarray(array.swapaxes(1, 2)) if array.ndim == 3 else array


class TorchSteps(Stepping):
    def __init__(self, case, compiled: bool) -> None:
        import torch

        from bpframe.machine.blas import numpy_blas

        blas = numpy_blas()
        if blas is not None:
            torch.set_num_threads(blas.threads)  # as many as NumPy has
        self.torch = torch
        x, y = (torch.from_numpy(turned(each).copy()) for each in case.data)
        self.held = [torch.from_numpy(turned(each).copy()).requires_grad_() for each in case.start]
        ops, apply, batch = TorchOps(), case.apply, case.batch

        def cost(*p):
            return 0.5 * ((apply(ops, p, x) - y) ** 2).sum() / batch

        if compiled:
            torch._dynamo.reset()
            cost = torch.compile(cost)
        optimizer = torch.optim.SGD(self.held, lr=case.learning_rate)

        def step():
            optimizer.zero_grad()
            cost(*self.held).backward()
            optimizer.step()

        self.step = step

    def load(self, parameters):
        with self.torch.no_grad():
            for mine, value in zip(self.held, parameters, strict=True):
                mine.copy_(self.torch.from_numpy(turned(value)))

    def parameters(self):
        return [turned(each.detach().numpy()).copy() for each in self.held]


def eager(case):
    return TorchSteps(case, compiled=False)


def compiled(case):
    made = TorchSteps(case, compiled=True)
    try:
        made.step()
    except Exception as error:  # no compiler, no headers, an unsupported interpreter: each says so in a way of its own
        told = str(error).strip().splitlines() or [""]
        raise Unavailable(f"torch.compile failed: {type(error).__name__}: {told[0][:120]}") from error
    return made

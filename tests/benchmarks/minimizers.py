"""Levenberg–Marquardt on sinc(10 x), 1-20-1 tanh, 61 parameters, beside torch-levenberg-marquardt and SciPy.

    OPENBLAS_CORETYPE=SKYLAKEX python tests/benchmarks/minimizers.py [--rounds 7] [--json]

The data are those of torch-levenberg-marquardt's README, of which a step there sees 1,000 points: 1,000 or all 20,000
points of [−1, 1], all of them in every step. Everybody starts from the same weights and is timed per iteration: a
Jacobian with the trial steps that follow it. Of torch-levenberg-marquardt both its own loop over a DataLoader, as its
README has it, and its steps alone. SciPy's least_squares works in float64 with bpframe's Jacobian. Needs the extra
`bench`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from timing import interleaved, markdown

THREADS = 2
HIDDEN = 20

#: The ratio of bpframe's time per iteration that is aimed at.
TARGETS = {"torch-lm, its fit": 0.05, "torch-lm, steps alone": 0.05, "SciPy lm": 1.0, "SciPy trf": 1.0}


@dataclass(frozen=True)
class Setting:
    points: int
    dtype: str
    iterations: int
    peers: tuple[str, ...]

    def data(self):
        x = np.linspace(-1, 1, self.points)[:, None]
        return x.astype(self.dtype), np.sinc(10 * x).astype(self.dtype)

    def start(self):
        """Return PyTorch's usual start for these layers: uniform within ±1/√fan-in."""
        rng = np.random.default_rng(0)
        bounds = (1.0, 1.0, HIDDEN**-0.5, HIDDEN**-0.5)
        sizes = (HIDDEN, HIDDEN, HIDDEN, 1)
        return np.concatenate([rng.uniform(-b, b, n) for b, n in zip(bounds, sizes, strict=True)]).astype(self.dtype)


TORCH, SCIPY = ("torch-lm, its fit", "torch-lm, steps alone"), ("SciPy lm", "SciPy trf")
SETTINGS = [
    Setting(1_000, "float32", 50, TORCH),
    Setting(1_000, "float64", 50, (*TORCH[1:], *SCIPY)),
    Setting(20_000, "float32", 20, TORCH),
    Setting(20_000, "float64", 20, (*TORCH[1:], *SCIPY)),
]


def network(setting):
    from bpframe_activations import Tanh
    from bpframe_reference import Dense, QuadraticCost

    import bpframe as bp

    layers = [Dense(units=HIDDEN), Tanh(), Dense(units=1)]
    return bp.Network(layers, cost=QuadraticCost(), input_shape=(1,), dtype=setting.dtype, seed=0)


def by_bpframe(setting):
    """Return a training, which returns how many iterations it made and the mean squared error that it reached."""
    from bpframe_minimizers import LevenbergMarquardt

    net, (x, y), start = network(setting), setting.data(), setting.start()
    optimizer = LevenbergMarquardt()

    def train():
        net.parameters.vector[:] = start
        history = net.fit(x, y, optimizer=optimizer, epochs=setting.iterations, progress=False)
        return len(history), 2 * net.cost(x, y)

    return train


def by_torch(setting, own_loop):
    import torch
    from torch.utils.data import DataLoader, TensorDataset
    from torch_levenberg_marquardt.loss import MSELoss
    from torch_levenberg_marquardt.training import LevenbergMarquardtModule
    from torch_levenberg_marquardt.utils import fit

    torch.set_num_threads(THREADS)
    model = torch.nn.Sequential(torch.nn.Linear(1, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, 1))
    model = model.to(getattr(torch, setting.dtype))
    module = LevenbergMarquardtModule(model=model, loss_fn=MSELoss(), solve_method="solve")  # as in its example
    x, y = (torch.tensor(each) for each in setting.data())
    start = torch.tensor(setting.start())
    loader = DataLoader(TensorDataset(x, y), batch_size=setting.points, shuffle=True)

    def steps():
        for made in range(setting.iterations):
            if module.training_step(x, y)[2]:
                return made + 1  # it gave up: the damping is at its limit
        return setting.iterations

    def train():
        with torch.no_grad():
            module.flat_params.copy_(start)
        module.backup_parameters()
        module.reset()
        if own_loop:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                fit(module, loader, epochs=setting.iterations)
            made = setting.iterations
        else:
            made = steps()
        with torch.no_grad():
            return made, float(((model(x) - y) ** 2).mean())

    return train


def by_scipy(setting, method):
    from scipy.optimize import least_squares

    from bpframe.derivatives.least_squares.least_squares import LeastSquares

    net, (x, y), start = network(setting), setting.data(), setting.start()
    (output,) = net.graph.outputs
    squares = LeastSquares(net._engine, {"x": x}, {output: y})
    scale = setting.points**-0.5

    def residuals(theta):
        net.parameters.vector[:] = theta
        return (net.predict(x) - y).ravel() * scale

    def jacobian(theta):
        net.parameters.vector[:] = theta
        return squares.residuals()[1]

    def train():
        found = least_squares(
            residuals, start, jacobian, method=method, max_nfev=setting.iterations,
            ftol=1e-15, xtol=1e-15, gtol=1e-15,
        )  # fmt: skip
        return found.njev, 2 * found.cost

    return train


def measure(setting, rounds):
    made = {"bpframe": by_bpframe(setting)}
    for peer in setting.peers:
        made[peer] = by_torch(setting, peer == TORCH[0]) if peer in TORCH else by_scipy(setting, peer.split()[1])
    reached = {name: train() for name, train in made.items()}
    seconds = interleaved(made, rounds)
    each = {name: value / reached[name][0] for name, value in seconds.items()}
    return [
        {
            "problem": f"{setting.points:,} points, {setting.dtype}",
            "by": name,
            "iterations": reached[name][0],
            "mean squared error": float(reached[name][1]),
            "ms per iteration": value * 1e3,
            "bpframe's ratio": "" if name == "bpframe" else f"{each['bpframe'] / value:.3f}",
            "target": "" if name == "bpframe" else f"<= {TARGETS[name]}",
        }
        for name, value in each.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    from threadpoolctl import threadpool_limits

    with threadpool_limits(THREADS):
        rows = [row for setting in SETTINGS for row in measure(setting, arguments.rounds)]
    print(json.dumps(rows, indent=2) if arguments.json else markdown(rows))


if __name__ == "__main__":
    main()

"""Gradients per example and curvature of 784-256-128-10, batch 128, beside BackPACK's, as ratios within one run.

    OPENBLAS_CORETYPE=SKYLAKEX python tests/benchmarks/curvature.py [--rounds 31] [--json]

Sigmoids, softmax cross-entropy, float32. Every candidate runs forward too: a call starts from x and y. Needs the extra
`bench` and `tests/peers/no-deps.txt`; set the kernel where OpenBLAS picks a worse one (`bpframe doctor` says).
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from timing import interleaved, markdown

SIZES, BATCH = (784, 256, 128, 10), 128
THREADS = 2

#: The ratio to BackPACK's time that is aimed at; None where the ratio is only reported.
TARGETS = {
    "gradient": 0.5,
    "squared norms per example": 0.15,
    "gradients per example": 0.5,
    "Gauss-Newton diagonal, exact": 0.4,
    "Gauss-Newton diagonal, 1 sample": None,
    "KFAC, 1 sample": 0.4,
    "KFAC, exact (KFLR)": 0.4,
    "variance of gradients": None,
    "Hessian diagonal": None,
}


def data():
    rng = np.random.default_rng(0)
    return rng.random((BATCH, SIZES[0]), dtype=np.float32), rng.integers(0, SIZES[-1], BATCH)


def by_bpframe(x, y):
    """Return a callable per quantity."""
    from bpframe_reference import Dense, Sigmoid

    import bpframe as bp
    from tests.components.cross_entropy import SoftmaxCrossEntropy

    layers = [layer for units in SIZES[1:] for layer in (Dense(units=units), Sigmoid())][:-1]
    net = bp.Network(layers, cost=SoftmaxCrossEntropy(), input_shape=SIZES[:1], dtype="float32", seed=0)
    return net, {
        "gradient": lambda: net.gradient(x, y),
        "squared norms per example": lambda: net.per_example.squared_norms(x, y),
        "gradients per example": lambda: net.per_example.gradients(x, y),
        "Gauss-Newton diagonal, exact": lambda: net.curvature.gauss_newton_diagonal(x, y),
        "Gauss-Newton diagonal, 1 sample": lambda: net.curvature.gauss_newton_diagonal(x, y, samples=1),
        "KFAC, 1 sample": lambda: net.curvature.kfac(x, y, samples=1),
        "KFAC, exact (KFLR)": lambda: net.curvature.kfac(x, y),
        "variance of gradients": lambda: net.per_example.variance(x, y),
        "Hessian diagonal": lambda: net.curvature.hessian_diagonal(x, y),
    }


def by_backpack(x, y, parameters):
    """Return a callable per quantity, and the model whose gradients they write."""
    import torch
    from backpack import backpack, extend, extensions

    torch.set_num_threads(THREADS)
    layers = []
    for m, n in pairwise(SIZES):
        layers += [torch.nn.Linear(m, n), torch.nn.Sigmoid()]
    model = extend(torch.nn.Sequential(*layers[:-1]))
    with torch.no_grad():
        for held, value in zip(model.parameters(), parameters, strict=True):
            held.copy_(torch.tensor(value))
    measure = extend(torch.nn.CrossEntropyLoss())
    tx, ty = torch.tensor(x), torch.tensor(y)

    def run(*chosen):
        def call():
            model.zero_grad()
            with backpack(*chosen):
                measure(model(tx), ty).backward()

        return call

    return model, {
        "gradient": run(),
        "squared norms per example": run(extensions.BatchL2Grad()),
        "gradients per example": run(extensions.BatchGrad()),
        "Gauss-Newton diagonal, exact": run(extensions.DiagGGNExact()),
        "Gauss-Newton diagonal, 1 sample": run(extensions.DiagGGNMC()),
        "KFAC, 1 sample": run(extensions.KFAC()),
        "KFAC, exact (KFLR)": run(extensions.KFLR()),
        "variance of gradients": run(extensions.Variance()),
        "Hessian diagonal": run(extensions.DiagHessian()),
    }


def check(net, ours, model, theirs):
    """Stop where both do not compute the same: a fast wrong answer is worth nothing."""
    theirs["gradient"]()
    gradient = ours["gradient"]()
    theirs["Gauss-Newton diagonal, exact"]()
    diagonal = ours["Gauss-Newton diagonal, exact"]()
    for path, held in zip(net.parameters, model.parameters(), strict=True):
        for value, other in ((gradient, held.grad), (diagonal, held.diag_ggn_exact)):
            other = other.numpy()
            np.testing.assert_allclose(value[path], other, rtol=0, atol=1e-4 * np.abs(other).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    import warnings

    from threadpoolctl import threadpool_info, threadpool_limits

    warnings.filterwarnings("ignore", "Full backward hook is firing")
    x, y = data()
    with threadpool_limits(THREADS):
        net, ours = by_bpframe(x, y)
        model, theirs = by_backpack(x, y, net.parameters.values())
        check(net, ours, model, theirs)
        rows = []
        for name, target in TARGETS.items():
            # a pair at a time: what a large quantity leaves in the caches would slow its neighbour
            seconds = interleaved({"bpframe": ours[name], "BackPACK": theirs[name]}, arguments.rounds)
            rows.append(
                {"quantity": name}
                | {f"{by} ms": value * 1e3 for by, value in seconds.items()}
                | {"ratio": seconds["bpframe"] / seconds["BackPACK"]}
                | {"target": "" if target is None else f"<= {target}"}
            )
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    kernels = sorted({f"{each['internal_api']} {each.get('architecture', '')}" for each in threadpool_info()})
    print(f"{'-'.join(map(str, SIZES))}, batch {BATCH}, {THREADS} threads; {', '.join(kernels)}\n")
    print(markdown(rows))


if __name__ == "__main__":
    main()

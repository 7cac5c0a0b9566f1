"""The Hessian of a trained network: a bulk at zero, and a few large eigenvalues.

The 1,810 eigenvalues of the mean cost's Hessian say how the cost bends around the parameters: steeply in about as many
directions as there are classes, hardly at all in most others, downwards in a few. Nobody needs the matrix for it:
products H v are enough, which cost a few gradients each. Lanczos' method turns some of them into a density,

    p(λ) ≈ mean over random v of  Σ_k w_k δ(λ − θ_k),

where θ are the eigenvalues of the tridiagonal matrix of v's Krylov space and w the squared first entries of its
eigenvectors.

Source: B. Ghorbani, S. Krishnan and Y. Xiao, An Investigation into Neural Net Optimization via Hessian Eigenvalue
Density, 2019; G. Golub and G. Meurant, Matrices, Moments and Quadrature, 2010.
"""

from pathlib import Path

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.sparse.linalg import eigsh

from bpframe.documents import read_spec
from bpframe.runs import prepare_experiment

HERE = Path(__file__).parent
EXAMPLES, STEPS, VECTORS = 400, 60, 4


def lanczos(operator, start, steps):
    """Return nodes and weights of the quadrature that `start` sees: eigenvalues and how much of it lies in each."""
    basis, diagonal, beside = [start / np.linalg.norm(start)], [], []
    for _ in range(steps):
        product = operator @ basis[-1]
        diagonal.append(basis[-1] @ product)
        for _ in range(2):  # rounding makes the basis oblique; twice is enough
            for each in basis:
                product -= (each @ product) * each
        beside.append(np.linalg.norm(product))
        if beside[-1] < 1e-10:
            break
        basis.append(product / beside[-1])
    nodes, vectors = eigh_tridiagonal(np.array(diagonal), np.array(beside[: len(diagonal) - 1]))
    return nodes, vectors[0] ** 2


def density(operator, seed):
    """Return nodes and weights of the spectral density, as the mean over random vectors."""
    rng = np.random.default_rng(seed)
    parts = [lanczos(operator, rng.normal(size=operator.shape[0]), STEPS) for _ in range(VECTORS)]
    return np.concatenate([nodes for nodes, _ in parts]), np.concatenate([weights for _, weights in parts]) / VECTORS


def run(spec, progress=None):
    """Train; return what the spectrum is like, and a function that draws it before and after."""
    experiment = prepare_experiment(spec, HERE)
    network, data = experiment.network, experiment.dataset
    x, y = data.x[:EXAMPLES], data.y[:EXAMPLES]
    before = density(network.linear_operator("hessian", x, y), spec.network.seed)
    experiment.train(progress)
    hessian = network.linear_operator("hessian", x, y)
    after = density(hessian, spec.network.seed)
    start = np.random.default_rng(0).normal(size=hessian.shape[0])  # eigsh would draw one of its own
    largest = eigsh(hessian, 12, which="LA", v0=start, return_eigenvectors=False)[::-1]
    smallest = eigsh(hessian, 1, which="SA", v0=start, return_eigenvectors=False)
    nodes, weights = after
    reached = {
        "accuracy": float(experiment.evaluate().accuracy),
        "largest eigenvalue": float(largest[0]),
        "tenth largest": float(largest[9]),
        "smallest": float(smallest[0]),
        "share within 1 % of the largest": float(weights[np.abs(nodes) < 0.01 * largest[0]].sum()),
    }

    def draw():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 3), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        titles = ("before training", "after training")
        for ax, (nodes, weights), title in zip(axes, (before, after), titles, strict=True):
            grid = np.linspace(nodes.min() - 0.02 * np.ptp(nodes), nodes.max() + 0.02 * np.ptp(nodes), 600)
            width = 0.01 * np.ptp(nodes)
            bells = np.exp(-(((grid[:, None] - nodes) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
            ax.semilogy(grid, bells @ weights)
            ax.set(title=title, xlabel="eigenvalue", ylim=(1e-4, None))
        axes[1].plot(largest, np.full(len(largest), 2e-4), "|", color="C1", label="the 12 largest")
        axes[1].legend()
        axes[0].set_ylabel("density")
        return figure

    return reached, draw


if __name__ == "__main__":
    reached, draw = run(read_spec(HERE / "spec.yaml"))
    print(*(f"{name}: {number:.4g}" for name, number in reached.items()), sep="\n")
    try:
        draw().savefig("hessian_spectrum.svg")
    except ModuleNotFoundError as error:
        print(f'{error}, so that hessian_spectrum.svg is not drawn: pip install "bpframe[plot]"')

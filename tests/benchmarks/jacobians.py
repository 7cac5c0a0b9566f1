"""Full input Jacobians of tanh networks, as ratios within one run.

    python tests/benchmarks/jacobians.py [--json]

Against the better of jax.jacrev and jax.jacfwd, vmapped and jitted, where the extra `bench` is installed.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from timing import interleaved

NETWORKS = [
    ((512, 256, 8, 256, 512), 32),
    ((64, 256, 256, 64), 32),
    ((784, 100, 10), 64),
]


def network(sizes):
    """Return a network with tanh between its dense layers."""
    from bpframe_activations import Tanh
    from bpframe_reference import Dense

    import bpframe as bp

    layers = [layer for size in sizes[1:] for layer in (Dense(units=size), Tanh())][:-1]
    return bp.Network(layers, input_shape=sizes[:1], dtype="float32", seed=0)


def with_jax(net, sizes, x):
    """Return the same Jacobians by jax, for each mode, or none without jax."""
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        return {}
    layers = [
        (jnp.asarray(net.parameters[f"dense_{number}.w"]), jnp.asarray(net.parameters[f"dense_{number}.b"]))
        for number, _ in enumerate(pairwise(sizes), 1)
    ]

    def forward(a):
        for w, b in layers[:-1]:
            a = jnp.tanh(w @ a + b)
        w, b = layers[-1]
        return w @ a + b

    given = jnp.asarray(x)
    modes = {"jax.jacrev": jax.jacrev, "jax.jacfwd": jax.jacfwd}
    compiled = {name: jax.jit(jax.vmap(mode(forward))) for name, mode in modes.items()}
    return {name: lambda f=f: f(given).block_until_ready() for name, f in compiled.items()}


def measure(sizes, batch, rounds):
    """Return the median seconds of every way."""
    net = network(sizes)
    x = np.random.default_rng(0).standard_normal((batch, sizes[0]), dtype=np.float32)
    peers = with_jax(net, sizes, x)
    expected = net.jacobian(x, order="reverse")
    for name, function in {"auto": lambda: net.jacobian(x), **peers}.items():
        difference = np.abs(np.asarray(function()) - expected).max() / np.abs(expected).max()
        assert difference < 1e-4, f"{name} differs by {difference:.1e}"
    ours = {
        "auto": lambda: net.jacobian(x),
        "reverse": lambda: net.jacobian(x, order="reverse"),
        "factored": lambda: net.jacobian(x, form="factored"),
    }
    return interleaved({**ours, **peers}, rounds=rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="write the medians as JSON")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    found = {}
    for sizes, batch in NETWORKS:
        name = "-".join(map(str, sizes)) + f", batch {batch}"
        medians = found[name] = measure(sizes, batch, arguments.rounds)
        if arguments.json:
            continue
        best = min((seconds for way, seconds in medians.items() if way.startswith("jax")), default=None)
        print(name)
        for way, seconds in medians.items():
            ratio = "" if best is None else f"   {seconds / best:6.3f} of the better of jax"
            print(f"  {way:12s} {seconds * 1e3:9.3f} ms{ratio}")
    if arguments.json:
        print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()

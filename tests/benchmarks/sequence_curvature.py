"""Exact Kronecker factors of sequences, in gradients of the same network, within one run.

    python tests/benchmarks/sequence_curvature.py [--rounds 15]

Softmax cross-entropy at each of 32 positions, 16 sequences, 64 units, float32. One column after another takes
positions × classes columns, hundreds of gradients; aimed at are 20.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from bpframe_reference import Add, Dense
from bpframe_sequence import Gru, Lstm, MultiHeadAttention, SimpleRnn, TransformerBlock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from timing import interleaved

from bpframe import Network, node
from tests.components.attention import Attention
from tests.components.masked_cross_entropy import SequenceCrossEntropy

TARGET = 20
TIMES, UNITS, BATCH = 32, 64, 16


def networks(classes: int) -> dict[str, Network]:
    """Return the networks by name."""

    def of(*layers) -> Network:
        return Network(
            [*layers, Dense(units=classes)], input_shape=(TIMES, UNITS), cost=SequenceCrossEntropy(), dtype="float32"
        )

    attention = {
        **{name: node(Dense(units=UNITS), "x") for name in "qkv"},
        "mixed": node(Attention(), "q", "k", "v"),
        "sum": node(Add(), "mixed", "x"),
        "scores": node(Dense(units=classes), "sum"),
    }
    whole = Network(inputs={"x": (TIMES, UNITS)}, nodes=attention, cost=SequenceCrossEntropy(), dtype="float32")
    return {
        "recurrent": of(SimpleRnn(units=UNITS, return_sequences=True)),
        "LSTM": of(Lstm(units=UNITS, return_sequences=True)),
        "GRU": of(Gru(units=UNITS, return_sequences=True)),
        "attention": whole,
        "4 heads": of(MultiHeadAttention(heads=4)),
        "transformer": of(TransformerBlock(heads=4)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(0)
    print("| network | classes | gradient | KFAC | in gradients | aimed at |\n|---|---|---|---|---|---|")
    for classes in (10, 32):
        for name, network in networks(classes).items():
            x = rng.standard_normal((BATCH, TIMES, UNITS), dtype=np.float32)
            y = rng.integers(0, classes, (BATCH, TIMES))
            times = interleaved(
                {
                    "gradient": lambda n=network, x=x, y=y: n.gradient(x, y),
                    "kfac": lambda n=network, x=x, y=y: n.curvature.kfac(x, y),
                },
                rounds,
            )
            each, whole = times["gradient"], times["kfac"]
            print(
                f"| {name} | {classes} | {each * 1e3:.1f} ms | {whole * 1e3:.0f} ms | {whole / each:.1f} | {TARGET} |"
            )


if __name__ == "__main__":
    main()

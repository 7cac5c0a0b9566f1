"""Draw the picture of the guide to explanations: python docs/rendering/counts_figure.py

It is kept in docs/assets, so that the page shows it wherever it is read.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from bpframe_reference import Dense, QuadraticCost, Sigmoid

import bpframe as bp

PICTURE = Path(__file__).parents[1] / "assets" / "explain-counts.svg"


def main() -> None:
    layers = [Dense(units=30), Sigmoid(), Dense(units=10), Sigmoid()]
    digits = bp.Network(layers, cost=QuadraticCost(), input_shape=(64,), seed=0)
    # The same drawing gives the same bytes.
    with mpl.rc_context({"svg.hashsalt": "bpframe", "svg.fonttype": "path"}):
        figure = digits.explain(np.linspace(0, 1, 64), np.eye(10)[3]).plot_counts()
        figure.savefig(PICTURE, metadata={"Date": None})


if __name__ == "__main__":
    main()

"""Draw the figures of the examples that the site shows: python docs/rendering/example_figures.py [NAME ...]

They take minutes, so that they are kept in docs/examples/figures and not drawn while the site is built.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

from bpframe.documents import read_spec
from bpframe.examples import example_named, examples

FIGURES = Path(__file__).parents[1] / "examples" / "figures"


def main(names: list[str]) -> None:
    # The same drawing gives the same bytes.
    with mpl.rc_context({"svg.hashsalt": "bpframe", "svg.fonttype": "path"}):
        for name in names or examples():
            example = example_named(name)
            reached, draw = example.run(read_spec(example.spec))
            draw().savefig(FIGURES / f"{name}.svg", metadata={"Date": None})
            print(name, *(f"{what} {number:.4g}" for what, number in reached.items()), sep="  ")


if __name__ == "__main__":
    main(sys.argv[1:])

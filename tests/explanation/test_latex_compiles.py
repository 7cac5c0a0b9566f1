"""A real TeX compiles the LaTeX of explanations, and nothing is wider than its page."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bpframe_reference import Add, Dense, QuadraticCost, Sigmoid
from bpframe_sequence import Lstm

import bpframe as bp
from bpframe.explanation.explanation import Explanation
from bpframe.extend import Activation, Diagonal
from tests.explanation.html.hostile_words import WORDS
from tests.explanation.html.reading import with_words
from tests.explanation.networks import A1, Y, linear, olah, sigmoids

pytestmark = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="there is no pdflatex here; Debian's texlive-latex-base has one"
)

LONG = "a_name_of_a_node_that_nobody_would_want_to_read_in_a_line_though_some_write_it"


class Cubed(Activation):
    """a = z³, as a stranger writes it."""

    def forward(self, z: np.ndarray) -> np.ndarray:
        return z**3

    def jacobian(self, z: np.ndarray) -> Diagonal:
        return Diagonal(3 * z**2)


def residual(name: str) -> bp.Network:
    return bp.Network(
        inputs={"x": (2,)},
        nodes={
            name: bp.node(Dense(units=2), "x"),
            "bent": bp.node(Sigmoid(), name),
            f"{name}_2": bp.node(Add(), "bent", "x"),
            "out": bp.node(Dense(units=1), f"{name}_2"),
        },
        output="out",
        cost=QuadraticCost(),
    )


def explanations() -> dict[str, Explanation]:
    chain = [Dense(units=2), Cubed(), Dense(units=1)]
    stranger = bp.Network(chain, cost=QuadraticCost(), input_shape=(2,))
    lstm = bp.Network([Lstm(units=3), Dense(units=2)], cost=QuadraticCost(), input_shape=(4, 2))
    return {
        "tutorial": linear().explain(A1, Y, learning_rate=0.001),
        "sigmoids": sigmoids(3, 2).explain(A1, [0.0, 1.0]),
        "olah": olah().explain({"a": 2, "b": 1}),
        "digits": sigmoids(30, 10, inputs=64).explain(np.linspace(0, 1, 64), np.eye(10)[3]),
        "residual": residual("h").explain(A1, Y),
        "long names": residual(LONG).explain(A1, Y, expand=False),
        "lstm": lstm.explain(np.ones((1, 4, 2)), np.ones((1, 2))),
        "stranger": stranger.explain(A1, Y),
        "wide": sigmoids(8, 8, 1, inputs=8).explain(np.linspace(-1e-7, 1, 8), [123456.789]),
    }


def compiled(documents: list[str], folder: Path) -> str:
    """Compile documents as one, and return TeX's log."""
    begin, end = r"\begin{document}", r"\end{document}"
    bodies = [each.partition(begin)[2].partition(end)[0] for each in documents]
    text = documents[0].partition(begin)[0] + begin + "\\clearpage ".join(bodies) + end
    (folder / "all.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=600, check=False)
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    return log


def test_tex_compiles_every_kind_of_network_and_nothing_leaves_its_page(tmp_path: Path) -> None:
    log = compiled([each.to_latex() for each in explanations().values()], tmp_path)
    assert re.findall(r"Overfull .*|LaTeX Warning: .*", log) == []


def test_names_from_users_stop_no_tex(tmp_path: Path) -> None:
    found = sigmoids(2, 1, seed=4).explain(A1, Y, expand=False)  # of a formula its LaTeX is data, and no name
    words = [*WORDS, "隐藏层", "🙂é→λ", r"_#$%&~^\{}", r"\input{x}"]
    several = [" ".join(words[begin : begin + 8]) for begin in range(0, len(words), 8)]
    log = compiled([with_words(found, each).to_latex() for each in several], tmp_path)
    assert "x.tex" not in log

"""The LaTeX of explanations: environments are balanced, and KaTeX, where node is there, parses every equation."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import bpframe as bp
from bpframe.explanation.formula.latex import in_text
from bpframe.explanation.latex import display
from tests.architecture.source import ROOT
from tests.derivatives.zoo import ZOO
from tests.explanation.html.reading import with_words
from tests.explanation.networks import A1, Y, linear, olah, sigmoids
from tests.explanation.reading import all_lines

HOSTILE = r"\input{x}$&#_%~^{}<b>|" + '"`'


def explanations() -> list[bp.explanation.Explanation]:  # type: ignore[name-defined]
    found = [
        linear().explain(A1, Y, expand=False),
        sigmoids(3, 2).explain(A1, [0.0, 1.0], expand=False),
        olah().explain({"a": 2, "b": 1}, expand=False),
    ]
    found.append(sigmoids(30, 10, inputs=64).explain(np.ones(64), np.ones(10), expand=False))
    for example in ZOO:
        x, y = example.data(1)
        found.append(example.make().explain(x, y, expand=False))
    return found


@pytest.mark.parametrize("found", [explanations()], ids=["all"])
def test_katex_parses_every_equation(found: list[object]) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    equations = [display(line) for each in found for line in all_lines(each)]  # type: ignore[arg-type]
    program = (
        f"const katex = require({json.dumps(str(ROOT / 'docs/assets/katex/katex.min.js'))});"
        "const all = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "for (const each of all) katex.renderToString(each, {displayMode: true, throwOnError: true, strict: 'error'});"
        "console.log(all.length);"
    )
    told = subprocess.run([node, "-e", program], input=json.dumps(equations), capture_output=True, text=True)
    assert told.stderr == ""
    assert int(told.stdout) == len(equations) > 500


def test_environments_and_braces_are_balanced() -> None:
    for each in explanations():
        text = each.to_latex()
        open_: list[str] = []
        for which, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
            if which == "begin":
                open_.append(name)
            else:
                assert open_.pop() == name
        assert open_ == []
        bare = re.sub(r"\\[{}]", "", text)
        assert bare.count("{") == bare.count("}")
        assert text.count(r"\left") == text.count(r"\right") + text.count(r"\leftarrow")


def test_equations_have_the_tutorials_tags() -> None:
    text = linear().explain(A1, Y, expand=False).to_latex()
    for tag in (1, 2, 3, 4, 13, 14, 15, 16, 17, 18, 19, 20):
        assert rf"\tag{{{tag}}}" in text
    text = sigmoids(3, 2).explain(A1, [0.0, 1.0], expand=False).to_latex()
    for tag in ("BP1", "BP2", "BP3", "BP4", "BP1-2", "BP2-2"):
        assert rf"\tag{{{tag}}}" in text
    assert r"\delta^{2} &= \left(\left(w^{3}\right)^{\mathsf{T}} \, \delta^{3}\right) \odot {\sigma}'(z^{2})" in text


def test_names_from_users_do_nothing_in_tex() -> None:
    told = in_text(HOSTILE)
    assert told.startswith(r"\text{")
    assert told.endswith("}")
    for each in (r"\input", "$&"):
        assert each not in told


def test_letters_that_latin_fonts_lack_are_written_as_numbers() -> None:
    found = sigmoids(2, 1, seed=4).explain(A1, Y, expand=False)
    assert r"dense\_\allowbreak{}1é[U+5C42]" in with_words(found, "é层").to_latex()

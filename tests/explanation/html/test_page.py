"""The page of an explanation: one small file, well formed, that asks for nothing and shows what was explained."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import time
from typing import Any

import numpy as np
import pytest

from bpframe.errors import DataError
from bpframe.explanation import Explanation
from bpframe.explanation.html import as_frame, as_page
from bpframe.explanation.html.detail import LIMIT
from bpframe.explanation.paths import chain_rule
from tests.derivatives.zoo import ZOO
from tests.explanation.html.hostile_words import WORDS
from tests.explanation.html.reading import Parsed, with_words
from tests.explanation.networks import A1, Y, linear, olah, sigmoids


def digits() -> Explanation:
    network = sigmoids(30, 10, inputs=64)
    return network.explain(np.random.default_rng(0).random(64), np.eye(10)[3])


def explained(name: str) -> Explanation:
    example = next(each for each in ZOO if each.name == name)
    x, y = example.data(1)
    return example.make().explain(x, y)


def asks_for_nothing(parsed: Parsed) -> bool:
    return not any(
        name in ("src", "href", "srcdoc", "action", "style") or name.startswith("on")
        for _, name, _ in parsed.attributes
    )


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_every_kind_of_network_has_a_page_that_is_well_formed_small_and_asks_for_nothing(example: Any) -> None:
    x, y = example.data(1)
    found = example.make().explain(x, y)
    page = found.to_html()
    parsed = Parsed(page)
    assert len(page.encode()) < LIMIT / 4
    assert parsed.wrong == []
    assert parsed.open == []
    assert asks_for_nothing(parsed)
    assert not any(name == "id" for _, name, _ in parsed.attributes)
    assert len(parsed.scripts) == 2
    known = {key for step in parsed.data["steps"] for keys in step["knows"].values() for key in keys}
    drawn = {value for _, name, value in parsed.attributes if name == "data-key"}
    units = {key for key in drawn if not key.startswith("e")}
    assert known | {*parsed.data["inputs"]} == units  # the walk tells every value and error in the drawing
    assert {key for step in parsed.data["steps"] for key in step["lit"]} <= drawn


def test_the_digits_network_is_explained_in_under_a_second_and_under_a_megabyte() -> None:
    begun = time.process_time()
    page = digits().to_html()
    assert time.process_time() - begun < 1
    assert len(page.encode()) < LIMIT


def test_a_network_too_large_for_a_page_shows_less_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    found = sigmoids(*[9] * 20, inputs=9).explain(np.ones(9), np.ones(9), per_parameter=0)
    assert "left out here" not in found.to_html()
    monkeypatch.setattr("bpframe.explanation.html.page.LIMIT", 300_000)
    page = found.to_html()
    assert len(page.encode()) <= 300_000
    assert "steps in the middle are left out here" in page
    data = Parsed(page).data
    known = {key for step in data["steps"] for keys in step["knows"].values() for key in keys}
    assert known | {*data["inputs"]} >= {"u0", "u10", "u20", "C"}  # also what is told in steps that are left out


def test_scripts_and_styles_are_those_that_the_page_names_and_no_other_runs() -> None:
    page = linear().explain(A1, Y).to_html()
    for tag, policy in (("script", "script-src"), ("style", "style-src")):
        own = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert own is not None
        digest = base64.b64encode(hashlib.sha256(own[1].encode()).digest()).decode()
        assert f"{policy} 'sha256-{digest}'" in page
    assert "default-src 'none'" in page


def test_equations_have_the_tutorials_numbers_and_the_explanations_results() -> None:
    page = linear().explain(A1, Y).to_html()
    for tag in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20):
        assert f'<span class="tag">({tag})</span>' in page
    page = sigmoids(3, 2).explain(A1, [0.0, 1.0]).to_html()
    for tag in ("BP1", "BP2", "BP3", "BP4", "BP1-2", "BP2-2"):
        assert f'<span class="tag">({tag})</span>' in page


@pytest.mark.parametrize("network", [linear(), sigmoids(2, 1, seed=4), olah()], ids=["linear", "sigmoids", "olah"])
def test_the_graph_of_numbers_gives_the_chain_rules_paths_and_the_networks_gradient(network: Any) -> None:
    if network.graph.cost:
        found = network.explain(A1, Y)
        gradient = network.gradient(np.array([A1]), np.array([Y]))
        expected = np.concatenate([gradient[path].ravel() for path in network.parameters])
    else:
        found = network.explain({"a": 2.0, "b": 1.0})
        expected = np.array([2.0, 5.0])
    numbers = Parsed(found.to_html()).data["numbers"]
    assert [numbers["slopes"][each["entry"]] for each in numbers["choices"][: len(expected)]] == pytest.approx(
        list(expected), rel=1e-12
    )
    graph = found.paths.graph
    for choice in numbers["choices"]:
        rule = chain_rule(graph, graph.name(choice["entry"]), graph.name(graph.size - 1))
        walked = paths(numbers, choice["entry"])
        assert str(len(walked)) == choice["paths"] == str(rule.count)
        assert [float(np.prod(each)) for each in walked] == pytest.approx([each.product for each in rule.paths])


def paths(numbers: Any, entry: int) -> list[list[float]]:
    """Return the factors of every path, walked as the page's script walks them."""
    if entry == numbers["end"]:
        return [[]]
    leaving = [edge for edge in numbers["edges"] if edge[0] == entry]
    return [[edge[2], *rest] for edge in leaving for rest in paths(numbers, edge[1])]


def test_where_neurons_are_many_their_paths_are_counted() -> None:
    data = Parsed(digits().to_html()).data
    assert data["numbers"] is None
    assert data["parameters"][0]["told"] == "1,920 numbers, and from each of them 10 paths to C: 19,200 together"


HOSTS = (sigmoids(2, 1, seed=4).explain(A1, Y), olah().explain({"a": 2.0, "b": 1.0}), explained("gated-two-outputs"))

#: The same with words behind everything that do nothing.
PLAIN = [Parsed(as_page(with_words(each, "-x"))) for each in HOSTS]


@pytest.mark.parametrize("number", range(len(WORDS)))
def test_words_of_users_stay_words(number: int) -> None:
    found, plain = (each[number % len(HOSTS)] for each in (HOSTS, PLAIN))
    hostile = Parsed(as_page(with_words(found, f"-{WORDS[number]}")))
    assert hostile.tags == plain.tags
    assert hostile.wrong == []
    assert asks_for_nothing(hostile)
    assert hostile.scripts[1] == plain.scripts[1]
    assert hostile.data.keys() == plain.data.keys()


def test_there_are_sixty_hostile_words() -> None:
    assert len(set(WORDS)) == 60


def test_words_that_are_changed_are_all_on_the_page() -> None:
    page = as_page(with_words(HOSTS[0], "<i>"))
    assert "<i>" not in page
    assert page.count("&lt;i&gt;") > 100


def test_in_a_notebook_the_page_has_a_frame_of_its_own() -> None:
    found = with_words(HOSTS[0], WORDS[6])
    parsed = Parsed(as_frame(found))
    assert [tag for tag, _ in parsed.tags] == ["style", "div", "p", "pre", "iframe"]
    given = {name: value for tag, name, value in parsed.attributes if tag == "iframe"}
    assert given["sandbox"] == "allow-scripts"
    assert given["srcdoc"] == as_page(found)
    assert found._repr_html_() == as_frame(found)


def test_a_notebook_that_strips_frames_and_styles_shows_the_text() -> None:
    found = linear().explain(A1, Y, expand=False)
    words = re.search(r'<div class="bpframe-words">.*<pre>(.*)</pre></div>', as_frame(found), re.DOTALL)
    assert words is not None
    assert html.unescape(words[1]).rstrip() == found.to_text().rstrip()
    deep = sigmoids(*[3] * 12).explain(A1, np.ones(3), expand=False)
    assert re.search(r"\n\.\.\. and [\d,]+ lines more</pre>", as_frame(deep))


def test_a_page_is_saved_by_its_ending(tmp_path: Any) -> None:
    found = linear().explain(A1, Y)
    path = found.save(tmp_path / "one.html")
    assert path.read_text("utf-8") == found.to_html()
    with pytest.raises(DataError, match=r"\.html"):
        found.save(tmp_path / "one.pdf")


def test_numbers_that_are_not_finite_are_shown() -> None:
    network = linear()
    network.parameters["a2.w"][0, 0] = np.inf
    page = network.explain(A1, Y).to_html()
    assert Parsed(page).data["numbers"]["slopes"]
    assert "NaN" in page

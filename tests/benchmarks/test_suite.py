"""The benchmark suite computes what it says, on tiny networks and without peers. No time is asserted."""

from __future__ import annotations

import copy
import json
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import comparing, components, suite, targets, threads, timing
from tests.benchmarks.allocations import allocations
from tests.benchmarks.candidates import CANDIDATES, Stepping, make
from tests.benchmarks.candidates.by_hand import RowByHand
from tests.benchmarks.cases import branches, chain, convolutions, deep
from tests.benchmarks.epoch import epoch
from tests.benchmarks.growth import Sweep, _slope
from tests.benchmarks.measuring import held, measure
from tests.benchmarks.overhead import DirectCalls, overhead, same_bytes
from tests.benchmarks.reference import Recorded, Value, WrongStep, gradient
from tests.benchmarks.timing import Median

ROW = partial(chain, 5, 4, 3, batch=3)
GRAPH = partial(branches, 10, width=4, batch=3)
SIGNAL = partial(convolutions, 12, 2, 3, 3, batch=3)
KINDS = [pytest.param(ROW, id="row"), pytest.param(GRAPH, id="branches"), pytest.param(SIGNAL, id="convolutions")]

OURS = ("products", "prototype", "bpframe")


@pytest.mark.parametrize(
    ("case", "cost"),
    [(ROW, "quadratic"), (ROW, "logistic"), (GRAPH, "quadratic"), (SIGNAL, "quadratic")],
    ids=["row", "row, logistic", "branches", "convolutions"],
)
def test_the_reference_agrees_with_the_complex_step(case, cost) -> None:
    case = case()
    start = [each.astype(np.float64) for each in case.start]
    x, y = case.data

    def mean_cost(p):
        a = case.apply(Recorded(), [Value(each) for each in p], Value(x)).array
        each = 0.5 * (y - a) ** 2 if cost == "quadratic" else -(y * np.log(a) + (1 - y) * np.log(1 - a))
        return each.sum() / case.batch

    for number, found in enumerate(gradient(case, start, cost)):
        expected = np.empty_like(found)
        for index in np.ndindex(found.shape):
            moved = [each.astype(complex) for each in start]
            moved[number][index] += 1e-30j
            expected[index] = mean_cost(moved).imag / 1e-30
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("case", KINDS)
def test_what_is_timed_takes_the_reference_s_step(case) -> None:
    found, missing = held(case(), OURS)
    assert (list(found), missing) == ([*OURS], {})


def test_a_batch_of_one_example_is_a_case_too() -> None:
    assert list(held(chain(5, 4, 3, batch=1), OURS)[0]) == [*OURS]


@pytest.mark.parametrize("case", KINDS)
def test_the_products_are_those_of_the_step(case) -> None:
    case = case()
    products, prototype = make("products", case), make("prototype", case)
    mine = {id(each) for each in (*prototype.weights, *prototype.weight_gradients)}
    assert len(mine) == len(case.start)
    weights, first = [shape for shape in case.shapes if len(shape) > 1], case.shapes[0]
    rows = [case.batch] * len(weights) if len(first) == 2 else [case.batch * n for n in (10, 4, 1)]
    each = [n * int(np.prod(shape)) for n, shape in zip(rows, weights, strict=True)]
    reading_inputs = sum(each[: 2 if case.name.startswith("DAG") else 1])  # whose error nobody needs
    assert products.multiply_adds == 3 * sum(each) - reading_inputs


def test_a_candidate_that_computes_something_else_is_refused(monkeypatch) -> None:
    update = RowByHand.update

    def without_the_last_bias(self):
        self.bias_gradients[-1][...] = 0
        update(self)

    monkeypatch.setattr(RowByHand, "update", without_the_last_bias)
    with pytest.raises(WrongStep, match=r"prototype on 5-4-3, 3: parameter 3 \(3,\) is off by"):
        held(ROW(), OURS)


def test_a_peer_that_is_missing_is_named_with_its_reason(monkeypatch) -> None:
    peers = {"torch": ("PyTorch", "torch.compile"), "jax": ("jax.jit", "jax scan"), "sklearn.neural_network": ()}
    peers |= {"autograd": ("autograd",)}
    for package in peers:
        monkeypatch.setitem(sys.modules, package, None)
    found, missing = held(ROW(), CANDIDATES)
    assert list(found) == [*OURS]
    assert missing["scikit-learn"] == "sklearn.neural_network is not installed"
    for package, names in peers.items():
        assert all(missing[name] == f"{package} is not installed" for name in names)
    assert held(GRAPH(), ["scikit-learn"])[1] == {"scikit-learn": "scikit-learn's MLP is a row of layers"}


def test_the_calls_made_directly_are_bpframe_s_to_the_byte(monkeypatch) -> None:
    framework, direct = same_bytes(deep(3))
    assert [each.tolist() for each in framework.parameters()] == [each.tolist() for each in direct.parameters()]
    step = DirectCalls.step

    def off_by_one_bit(self):
        step(self)
        self.theta[0] = np.nextafter(self.theta[0], np.float32(np.inf))

    monkeypatch.setattr(DirectCalls, "step", off_by_one_bit)
    with pytest.raises(WrongStep, match=r"differ by .* in parameter 0"):
        same_bytes(deep(3))


def test_arrays_that_live_within_one_line_are_counted_where_they_are_made() -> None:
    kept = np.zeros(1000)

    def step():
        np.add(kept, 1.0, out=kept)
        for _ in range(2):
            np.add(kept + 1.0, 1.0, out=kept)

    ((place, times, size),) = allocations(step)
    line = step.__code__.co_firstlineno + 3
    assert (place, times) == (f"tests/benchmarks/test_suite.py:{line}", 2)
    assert 16_000 <= size < 17_000


def test_products_are_timed_on_one_thread_and_on_all(monkeypatch) -> None:
    monkeypatch.setattr(threads, "TURN", 1e-3)
    limits = []
    monkeypatch.setattr(threads.ThreadpoolController, "limit", lambda self, limits=None, user_api=None: noted(limits))

    @contextmanager
    def noted(limit):
        limits.append(limit)
        yield

    microseconds, *ratios = threads.measured((2, 3, 4), "float32", rounds=2)
    assert microseconds > 0
    assert all(each > 0 for each in ratios)
    assert set(limits) == {1, None}


def test_exponents_of_powers_are_found() -> None:
    n = [10, 100, 1000]
    assert _slope(n, [3 * each**1.5 for each in n]) == pytest.approx(1.5)


def test_every_candidate_has_a_turn_in_every_round(monkeypatch) -> None:
    monkeypatch.setattr(timing, "REST", 0.0)
    order: list[str] = []
    timed = {name: timing.Timed(lambda _: None, ready=partial(order.append, name)) for name in "abc"}
    taken = timing.rounds_of(timed, rounds=3, target=1e-4)
    assert "".join(order) == "abc" + "bca" + "cab" + "abc"
    assert [len(each) for each in taken.values()] == [3, 3, 3]


@pytest.fixture
def tiny(monkeypatch):
    """The suite on tiny networks, with bpframe's own candidates and one that is missing."""
    monkeypatch.setitem(sys.modules, "autograd", None)
    monkeypatch.setattr(timing, "REST", 0.0)
    monkeypatch.setattr(suite, "NETWORKS", {"row": ROW, "dag": GRAPH})
    sweep = Sweep("layers", "2 neurons", (2, 4), (1, 2), lambda n: deep(n, width=2, batch=2))
    monkeypatch.setattr(suite, "SWEEPS", {"depth": sweep})
    monkeypatch.setattr("tests.benchmarks.growth.SWEEPS", {"depth": sweep})
    monkeypatch.setitem(sys.modules, "torch", None)
    pair = components.Pair("one norm", 1.0, lambda: components.normalisations("layer")[:1], NotImplemented,
                           lambda: components.numbers((3, 4), (3, 4)))  # fmt: skip
    monkeypatch.setattr(components, "PAIRS", {"norm": pair})
    monkeypatch.setattr(suite, "measure", partial(measure, names=(*OURS, "autograd")))
    monkeypatch.setattr(suite, "overhead", partial(overhead, shallow=1, deepest=3))
    monkeypatch.setattr(suite, "epoch", lambda rounds, examples: epoch(rounds, examples // 500, ROW()))
    monkeypatch.setattr(suite, "MEMORY_BATCHES", (3,))
    monkeypatch.setattr(suite, "start_with_better_kernel", lambda: None)


@pytest.mark.usefixtures("tiny")
def test_results_are_written_read_and_compared(tmp_path: Path, capsys) -> None:
    pytest.importorskip("matplotlib", reason="plots need the extra plot")
    file, written = tmp_path / "results.json", tmp_path / "docs"
    written.mkdir()
    assert suite.main(["--quick", "--rounds", "3", "--json", str(file)]) == 0
    results = json.loads(file.read_text(encoding="utf-8"))
    said = {"format", "machine", "rounds", "quick"}
    assert set(results) == said | set(suite.PARTS)
    (norm,) = results["components"]["rows"]
    assert norm["missing"] == {"PyTorch": "torch is not installed"}
    assert {each["part"] for each in norm["profile"]} >= {"layer_norm_1: forward", "layer_norm_1: backward"}
    row = results["steps"][0]
    assert (set(row["ratios"]), row["missing"]) == (
        {"products", "prototype"},
        {"autograd": "autograd is not installed"},
    )
    assert row["microseconds"]["bpframe"]["count"] == 3

    shown = capsys.readouterr().out
    page = written / "page.md"
    drawn = ["--plot", str(written / "plot.svg"), "--markdown", str(page)]
    assert suite.main(["--read", str(file), "--compare", str(file), *drawn]) == 0
    text = page.read_text(encoding="utf-8")
    for part in (
        "one norm",
        "5-4-3",
        "DAG of 10 nodes",
        "layers, 1 … 2",
        "autograd is not installed",
        "per node",
        "10 examples",
    ):
        assert part in text
        assert part in shown
    assert {path.name for path in written.iterdir()} == {"page.md", "plot-steps.svg", "plot-growth.svg"}
    assert "](plot-steps.svg)" in text
    assert "](plot-growth.svg)" in text
    assert "nothing became slower" in capsys.readouterr().out


@pytest.mark.usefixtures("tiny")
def test_a_part_that_is_measured_again_joins_the_others(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    before = results_with(1.0, 0.1) | {"components": None}
    file.write_text(json.dumps(before), encoding="utf-8")
    arguments = ["--quick", "--rounds", "1", "--only", "components", "--keep", str(file), "--json", str(file)]
    assert suite.main(arguments) == 0
    now = json.loads(file.read_text(encoding="utf-8"))
    assert {part: now[part] for part in ("machine", "steps")} == {part: before[part] for part in ("machine", "steps")}
    assert [row["network"] for row in now["components"]["rows"]] == ["one norm"]


def results_with(ratio: float, noise: float) -> dict:
    least, most = ratio * (1 - noise), ratio * (1 + noise)
    spread = {"value": ratio, "low": least, "high": most, "least": least, "most": most, "count": 31}
    row = {"network": "5-4-3", "batch": 3, "ratios": {"products": spread, "prototype": spread, "PyTorch": spread}}
    return {"machine": {"date": "2030-01-01", "facts": {"processor": "one"}}, "steps": [row]}


@pytest.mark.parametrize(
    ("now", "noise", "verdict"),
    [(1.5, 0.05, "slower"), (1.05, 0.01, ""), (1.5, 0.3, ""), (0.5, 0.05, "faster")],
    ids=["beyond both", "below the threshold", "within the noise", "faster"],
)
def test_only_what_is_beyond_the_threshold_and_the_noise_is_slower(tmp_path, capsys, now, noise, verdict) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    before.write_text(json.dumps(results_with(1.0, noise)), encoding="utf-8")
    after.write_text(json.dumps(results_with(now, noise)), encoding="utf-8")
    assert suite.main(["--read", str(after), "--compare", str(before)]) == (verdict == "slower")
    (change,) = comparing.changes(results_with(1.0, noise), results_with(now, noise))
    assert (change.against, change.verdict(0.1)) == ("prototype", verdict)
    assert ("slower: 5-4-3, 3" in capsys.readouterr().out) == (verdict == "slower")


@pytest.mark.parametrize(
    ("ratio", "noise", "reached"), [(1.3, 0.01, "yes"), (1.4, 0.01, "no"), (1.4, 0.1, "within the noise")]
)
def test_what_is_aimed_at_is_judged_with_its_noise(ratio, noise, reached) -> None:
    results = results_with(ratio, noise)
    results["steps"][0] |= {"network": "784-30-10", "batch": 10}
    results["epoch"] = {"ratios": {"bpframe": results["steps"][0]["ratios"]["products"]}}
    rows = {(each["what"], each["beside"]): each["reached"] for each in targets.judged(results)}
    assert rows == {
        ("784-30-10, 10", "prototype"): reached,
        ("784-30-10, 10", "PyTorch"): "no",
        ("an epoch of `fit`", "its steps alone"): "no",
    }


def test_every_network_that_something_is_aimed_at_for_is_timed() -> None:
    timed = {(case.name, case.batch) for case in (make_case() for make_case in suite.NETWORKS.values())}
    assert set(targets.STEPS) <= timed


def test_another_machine_is_named_and_runs_with_nothing_in_common_are_refused(tmp_path: Path, capsys) -> None:
    before, now = results_with(1.0, 0.1), results_with(1.0, 0.1)
    now["machine"]["facts"]["processor"] = "two"
    assert not suite.compared(before, now, 0.1)
    assert "another machine: processor: one then, two now" in capsys.readouterr().out
    other = copy.deepcopy(now)
    other["steps"][0]["network"] = "other"
    with pytest.raises(SystemExit, match="no measurement in common"):
        suite.compared(before, other, 0.1)


def test_the_bounds_of_a_median_hold_it_99_times_in_100() -> None:
    rng = np.random.default_rng(0)
    for count in (8, 31):
        found = [Median.of(rng.standard_cauchy(count).tolist()) for _ in range(2000)]
        held_it = np.mean([each.least < 0 < each.most for each in found])
        assert 0.985 < held_it < 1
    assert (found[0].least, found[0].most) != (found[0].low, found[0].high)


def test_steps_count_what_they_are_asked_for() -> None:
    class Counted(Stepping):
        taken = 0

        def step(self):
            self.taken += 1

    counted = Counted()
    counted.run(7)
    assert counted.taken == 7


def test_the_page_shown_is_what_the_kept_results_say() -> None:
    root = Path(__file__).parents[2]
    results = json.loads((root / "tests/benchmarks/results.json").read_text(encoding="utf-8"))
    where = root / "docs/guides/benchmarks.md"
    drawings = [root / f"docs/assets/benchmarks-{name}.svg" for name in ("steps", "growth")]
    text = suite.page.page(results, drawings, where)
    assert text == where.read_text(encoding="utf-8")
    assert text.index("benchmarks-steps.svg") < text.index("##")  # it begins with the plot

"""Every shipped example runs from its own files, says what it reached, and draws its figure."""

from __future__ import annotations

import io
import json
import math
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bpframe.cli.app import app
from bpframe.documents import read_spec
from bpframe.errors import ScaffoldError
from bpframe.examples import Example, example_named, examples
from bpframe.runs import overridden
from bpframe.scaffold import TEMPLATES, new_project

ROOT = Path(__file__).parents[2]
NAMES = sorted(examples())


@pytest.fixture(scope="module", params=NAMES)
def example(request: pytest.FixtureRequest) -> Example:
    return example_named(request.param)


@pytest.fixture(scope="module")
def outcome(example: Example) -> tuple[Any, Callable[[], Any]]:
    return example.run(overridden(read_spec(example.spec), seed=1, epochs=1), False)


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_it_says_what_it_reached_after_one_epoch(outcome: tuple[Any, Callable[[], Any]]) -> None:
    reached, _ = outcome
    assert reached
    assert all(type(number) is float and math.isfinite(number) for number in reached.values())


def test_it_draws_its_figure(outcome: tuple[Any, Callable[[], Any]]) -> None:
    pytest.importorskip("matplotlib")
    drawn = io.BytesIO()
    outcome[1]().savefig(drawn, format="svg")
    assert b"<svg" in drawn.getvalue()


def test_its_story_begins_with_one_line(example: Example) -> None:
    assert example.title.endswith(".")
    assert len(example.title) <= 90
    assert "Source:" in example.story


def test_the_site_shows_it_with_a_figure_of_less_than_100_kilobytes(example: Example) -> None:
    page = (ROOT / "docs" / "examples" / "index.md").read_text(encoding="utf-8")
    assert page.count(f"<!-- example: {example.name} -->") == 1
    assert (ROOT / "docs" / "examples" / "figures" / f"{example.name}.svg").stat().st_size < 100_000


def test_the_list_has_every_example_with_its_title(invoke: Callable[..., Any]) -> None:
    listed = json.loads(invoke("demo", "--list", "--json").stdout)
    assert [each["name"] for each in listed] == NAMES
    shown = " ".join(invoke("demo", "--list").stdout.split())
    for each in listed:
        assert each["name"] in shown


def test_a_demo_tells_its_story_what_it_reached_and_draws(invoke: Callable[..., Any]) -> None:
    done = invoke("demo", "autoencoder", "--epochs", 1, "--figure", "drawn.svg")
    assert done.exit_code == 0, done.stderr
    assert re.search(r"mean squared error +0\.\d+", done.stdout)
    assert Path("drawn.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert "Its figure: drawn.svg" in done.stdout
    told = json.loads(invoke("demo", "autoencoder", "--epochs", 1, "--json").stdout)
    assert (told["example"], told["epochs"]) == ("autoencoder", 1)
    assert set(told["reached"]) == {"mean squared error", "of 8 principal components", "of the mean image"}
    assert invoke("demo", "autoencoder", "--spec").stdout == example_named("autoencoder").spec.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("demo", "autoencode"), "did you mean 'autoencoder'?"),
        (("demo", "autoencoder", "--figure", "drawn.txt"), "a figure cannot be written"),
        (("demo", "--figure", "drawn.svg"), "draws an example"),
        (("new", "mine", "--template", "images"), "did you mean 'image'?"),
        (("new", "mine", "--template", "image", "--kind", "layer"), "leave --kind out"),
    ],
)
def test_what_cannot_be_shown_or_begun_is_told(invoke: Callable[..., Any], words: tuple[str, ...], said: str) -> None:
    done = invoke(*words)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())
    assert not Path("mine").exists()


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_a_project_holds_the_files_of_its_example_and_runs(
    invoke: Callable[..., Any], tmp_path: Path, template: str
) -> None:
    done = invoke("new", "mine", "--template", template)
    assert done.exit_code == 0, done.stderr
    source = example_named(TEMPLATES[template])
    assert {each.name for each in Path("mine").iterdir()} == {"README.md", *(each.name for each in source.files)}
    assert all((tmp_path / "mine" / each.name).read_bytes() == each.read_bytes() for each in source.files)
    assert "$" not in Path("mine/README.md").read_text(encoding="utf-8")
    spec = Path("mine/spec.yaml")
    spec.write_text(re.sub(r"epochs: \d+", "epochs: 1", spec.read_text(encoding="utf-8")), encoding="utf-8")
    ran = subprocess.run([sys.executable, "train.py"], cwd="mine", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert list(Path("mine").glob("*.svg"))
    if template == "tabular":  # whose data are a file
        assert invoke("train", "mine/spec.yaml", "-o", "run", "-q").exit_code == 0
    with pytest.raises(ScaffoldError, match="exists"):
        new_project("mine", template)


def test_a_script_without_matplotlib_still_says_what_it_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for module in [name for name in sys.modules if name.split(".")[0] == "matplotlib"] + ["matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    for file in example_named("uncertainty").files:
        shutil.copy(file, tmp_path)
    spec = (tmp_path / "spec.yaml").read_text(encoding="utf-8")
    (tmp_path / "spec.yaml").write_text(re.sub(r"epochs: \d+", "epochs: 1", spec), encoding="utf-8")
    runpy.run_path("train.py", run_name="__main__")
    *reached, last = capsys.readouterr().out.splitlines()
    assert any(re.fullmatch(r".+: -?\d[\d.e-]*", line) for line in reached)
    assert last.endswith('so that uncertainty.svg is not drawn: pip install "bpframe[plot]"')


def test_no_script_ends_in_a_traceback_for_want_of_matplotlib(example: Example) -> None:
    script = example.script.read_text(encoding="utf-8")
    assert f'{example.name}.svg is not drawn: pip install "bpframe[plot]"' in script

"""A stranger's package installs beside a wheel of bpframe, trains from a spec, and uninstalls cleanly."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STRANGER = ROOT / "docs" / "examples" / "softsign_plugin"

#: What would let the tests' own environment stand in for what is installed here.
OURS = ("bpframe", "softsign", "_editable", "__editable__", "_bpframe")

ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "BPFRAME_PLUGINS")}


def run(*command: object, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == code, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def wheel(source: Path, into: Path) -> Path:
    """Build a wheel; with the backend that is installed, or one that pip fetches."""
    isolation = [] if importlib.util.find_spec("hatchling") is None else ["--no-build-isolation"]
    before = set(into.iterdir())
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", *isolation, "-w", into, source, cwd=into)
    (built,) = set(into.iterdir()) - before
    return built


class Installed:
    """An environment that has the dependencies of bpframe from the tests' own, and otherwise what is installed here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "environment", with_pip=False, symlinks=os.name != "nt")
        scripts = "Scripts" if os.name == "nt" else "bin"
        self.python = folder / "environment" / scripts / "python"
        self.command = folder / "environment" / scripts / "bpframe"
        found = run(self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
        self.site = Path(found.stdout.strip())
        dependencies = folder / "dependencies"
        dependencies.mkdir()
        for path in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
            for entry in Path(path).iterdir():
                if not entry.name.startswith(OURS) and entry.suffix != ".pth":
                    (dependencies / entry.name).symlink_to(entry)
        (self.site / "dependencies.pth").write_text(f"{dependencies}\n")

    def pip(self, *command: object) -> None:
        run(sys.executable, "-m", "pip", "--python", self.python, "-q", *command, cwd=self.folder)

    def bpframe(self, *command: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        return run(self.command, *command, cwd=self.folder, code=code)

    def sets(self) -> dict[str, dict[str, object]]:
        return {each["set"]: each for each in json.loads(self.bpframe("plugins", "--json").stdout)}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("wheels")
    source = folder.parent / "softsign"
    shutil.copytree(STRANGER, source, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    return wheel(ROOT, folder), wheel(source, folder)


def test_a_stranger_comes_and_goes(wheels: tuple[Path, Path], tmp_path: Path):
    bpframe, stranger = wheels
    here = Installed(tmp_path)
    here.pip("install", "--no-deps", "--no-index", bpframe)
    assert set(here.sets()) >= {"reference"}
    assert "softsign" not in here.sets()
    spec = shutil.copy(STRANGER / "softsign.yaml", tmp_path)

    here.pip("install", "--no-deps", "--no-index", stranger)
    listed = here.sets()["softsign"]
    assert (listed["distribution"], listed["version"], listed["status"]) == ("softsign-plugin", "1.0", "ok")
    assert listed["components"] == {"activation": ["soft_sign"]}
    here.bpframe("train", spec, "--epochs", 1, "--output", tmp_path / "run", "--quiet")
    trained = json.loads(here.bpframe("evaluate", tmp_path / "run", "--json").stdout)
    assert trained["accuracy"] > 0.8, trained

    here.pip("uninstall", "-y", "softsign-plugin")
    assert "softsign" not in here.sets()
    refused = here.bpframe("train", spec, "--output", tmp_path / "again", code=2)
    assert "UnknownComponent" in refused.stderr
    assert "network.layers[1].kind = 'soft_sign'" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "again").exists()
    assert [each.name for each in here.site.iterdir() if "softsign" in each.name] == []

    here.pip("uninstall", "-y", "bpframe")
    left = [path for path in here.site.rglob("*") if "bpframe" in path.name]
    assert left == []


def test_the_wheels_hold_what_they_should(wheels: tuple[Path, Path]):
    bpframe, stranger = (set(zipfile.ZipFile(each).namelist()) for each in wheels)
    tops = {name.split("/")[0] for name in bpframe}
    assert {"bpframe", "bpframe_reference"} <= tops
    assert all(top.startswith("bpframe") for top in tops), tops
    assert {"bpframe/py.typed", "bpframe/data/digits.npz"} <= bpframe
    shipped = {path.relative_to(ROOT).as_posix() for path in (ROOT / "bpframe").rglob("*.py")}
    shipped |= {
        f"bpframe/explanation/html/{name}" for name in ("page.html", "report.css", "report.js", "typesetting.js")
    }
    shipped |= {"bpframe/reports/web/base.css", "bpframe/runs/report/run.html", "bpframe/runs/report/run.css"}
    assert shipped <= bpframe
    assert {name.split("/")[0] for name in stranger} == {"softsign_plugin.py", "softsign_plugin-1.0.dist-info"}


def test_the_tests_own_install_finds_the_set_as_the_wheel_does(wheels: tuple[Path, Path], tmp_path: Path):
    """The tests run on an editable install; `plugins/` is no folder that Python would search by itself."""
    origin = importlib.metadata.distribution("bpframe").read_text("direct_url.json")
    assert origin is not None, "bpframe is installed from a source tree here"
    code = "import json; from bpframe.plugins import *; print(json.dumps(plugin_report(load_registry())))"
    here = Installed(tmp_path)
    here.pip("install", "--no-deps", "--no-index", wheels[0])
    reports = [json.loads(run(python, "-c", code, cwd=tmp_path).stdout) for python in (sys.executable, here.python)]
    editable, installed = ({each["set"]: each for each in report} for report in reports)
    for each in (editable["reference"], installed["reference"]):
        assert each["status"] == "ok"
        assert each["components"]["layer"] == ["add", "dense", "multiply"]
    for key in ("distribution", "version", "module", "components"):
        assert editable["reference"][key] == installed["reference"][key]

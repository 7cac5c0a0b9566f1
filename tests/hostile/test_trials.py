"""What ends a process at import is found out in another one, remembered, and forgotten when the set changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bpframe.machine.ownership import owned
from bpframe.plugins import load_registry
from bpframe.plugins.registry import PluginSet
from bpframe.plugins.trial import verdicts

FINE = "def bpframe_components():\n    return []\n"


class Site:
    """A folder on this process's path with one plugin set, whose module can be rewritten."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.path = name, folder / f"trial_{name}.py"
        info = folder / f"trial_{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: trial-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[bpframe]\n{name} = trial_{name}\n")

    def write(self, source: str) -> None:
        self.path.write_text(source)
        stamp = time.time() - len(source)  # another length, another time: no clock is too coarse
        os.utime(self.path, (stamp, stamp))
        sys.modules.pop(self.path.stem, None)

    def load(self) -> PluginSet:
        (found,) = [each for each in load_registry({"BPFRAME_PLUGINS": self.name}).sets
                    if each.provider.set == self.name]  # fmt: skip
        return found


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Site:
    monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Site(tmp_path / "site", f"set_{abs(hash(request.node.nodeid))}")


def records(tmp_path: Path) -> list[dict[str, object]]:
    return [json.loads(each.read_text()) for each in (tmp_path / "cache" / "trials").glob("*.json")]


def test_a_verdict_holds_until_the_module_changes(site: Site, tmp_path: Path) -> None:
    site.write("import os\nos._exit(7)\n")
    with owned():
        assert "loading it ends the process: exit status 7" in (site.load().reason or "")
    assert [each["set"] for each in records(tmp_path)] == [site.name]
    # In a process that is somebody else's, the verdict holds all the same: this one goes on.
    assert "bpframe plugins --retry" in (site.load().reason or "")
    site.write(FINE)
    assert site.load().status == "ok"


def test_a_set_that_passed_is_not_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    site.write(FINE)
    with owned():
        assert site.load().status == "ok"
        monkeypatch.setattr("bpframe.plugins.trial._tried", lambda points: pytest.fail("tried again"))
        assert site.load().status == "ok"
    (record,) = records(tmp_path)
    assert record["reason"] is None


@pytest.mark.parametrize("damage", ["", "[]", '{"format": 1, "reason": 3, "stamp": 1}'])
def test_a_damaged_record_is_no_verdict(site: Site, tmp_path: Path, damage: str) -> None:
    site.write(FINE)
    with owned():
        site.load()
        (path,) = (tmp_path / "cache" / "trials").glob("*.json")
        path.write_text(damage)
        assert site.load().status == "ok"
        assert json.loads(path.read_text())["reason"] is None


def test_a_cache_that_cannot_be_written_changes_no_verdict(site: Site, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, where a folder should be")
    site.write("import os\nos._exit(7)\n")
    with owned():
        assert site.load().status == "broken"


def test_a_library_tries_nothing(site: Site, tmp_path: Path) -> None:
    site.write(FINE)
    assert site.load().status == "ok"
    assert not (tmp_path / "cache").exists()


def test_what_comes_with_bpframe_needs_no_trial(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path))
    monkeypatch.setattr("bpframe.plugins.trial._tried", lambda points: pytest.fail("tried"))
    with owned():
        registry = load_registry({"BPFRAME_PLUGINS": "reference"})
    assert "reference.dense" in set(registry)


def test_the_verdict_costs_less_than_a_millisecond(site: Site) -> None:
    from bpframe.plugins.installed import installed

    site.write(FINE)
    with owned():
        site.load()
    points = [each for each in installed() if each[1].set == site.name]
    times = []
    for _ in range(20):
        started = time.perf_counter()
        assert verdicts(points) == [None]
        times.append(time.perf_counter() - started)
    assert min(times) < 1e-3


@pytest.mark.parametrize("limit", ["soon", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_none_is_the_users_mistake(site: Site, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setenv("BPFRAME_IMPORT_LIMIT", limit)
    site.write(FINE)
    from bpframe.errors import RegistryError

    with owned(), pytest.raises(RegistryError, match="BPFRAME_IMPORT_LIMIT is no time limit"):
        site.load()


def command(site: Site, tmp_path: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(site.path.parent), "BPFRAME_PLUGINS": site.name}
    return subprocess.Popen(
        [sys.executable, "-m", "bpframe", *words], env=environment, cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def status(site: Site, text: str) -> str:
    (found,) = [each["status"] for each in json.loads(text) if each["set"] == site.name]
    return str(found)


def test_retry_tries_again(site: Site, tmp_path: Path) -> None:
    """What keeps a set from being loaded may lie outside it."""
    site.write("import os, pathlib\nif pathlib.Path('bad').exists():\n    os._exit(1)\n" + FINE)
    (tmp_path / "bad").touch()
    assert status(site, command(site, tmp_path, "plugins", "--json").communicate(timeout=600)[0]) == "broken"
    (tmp_path / "bad").unlink()
    assert status(site, command(site, tmp_path, "plugins", "--json").communicate(timeout=600)[0]) == "broken"
    assert status(site, command(site, tmp_path, "plugins", "--json", "--retry").communicate(timeout=600)[0]) == "ok"


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process there")
def test_ctrl_c_ends_a_trial_and_says_nothing_against_the_set(site: Site, tmp_path: Path) -> None:
    site.write("import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(60)\n" + FINE)
    process = command(site, tmp_path, "plugins")
    until = time.monotonic() + 30
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=600)
    assert (process.returncode, told) == (130, "Interrupted.\n")
    assert not (tmp_path / "cache").exists()


def test_a_keyboard_interrupt_of_a_plugin_is_its_own_in_any_thread(site: Site) -> None:
    site.write("raise KeyboardInterrupt\n")
    found: list[PluginSet] = []
    thread = threading.Thread(target=lambda: found.append(site.load()))
    thread.start()
    thread.join()
    assert [each.reason for each in [*found, site.load()]] == ["KeyboardInterrupt", "KeyboardInterrupt"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

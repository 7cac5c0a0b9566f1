"""Findings are remembered while nothing changes, and a cache that is broken or shared breaks nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from bpframe_reference import Add, Dense, Sigmoid, StandardNormal

from bpframe import Network
from bpframe.errors import ComponentCheckFailed
from bpframe.extend import Activation, Array, Diagonal, Operator
from bpframe.machine.cache import cache_folder
from bpframe.verification.fingerprint import fingerprint
from bpframe.verification.remembering import Finding, recall, remember

from .conftest import BAD, GOOD


def test_a_changed_source_is_checked_again(package, checked):
    package.network()
    package.network()
    assert len(checked) == 1
    package.write(BAD)
    with pytest.raises(ComponentCheckFailed):
        package.network()
    package.write(GOOD)
    package.network()  # as it was before
    assert len(checked) == 2


def test_a_changed_helper_beside_it_counts_as_source(package, checked):
    package.network()
    package.helper("return 1.5 * x")
    with pytest.raises(ComponentCheckFailed, match=r"jacobian\[x\]"):
        package.network()
    assert len(checked) == 2


@pytest.mark.parametrize("change", ["fields", "shapes", "bpframe", "numpy", "contract"])
def test_another_instance_or_version_is_checked_again(change, package, checked, monkeypatch):
    package.network()
    if change == "fields":
        package.network(factor=2.5)
    elif change == "shapes":
        package.network(size=4)
    else:
        if change == "bpframe":
            monkeypatch.setattr("bpframe.verification.fingerprint.__version__", "99.0")
        elif change == "numpy":
            monkeypatch.setattr(np, "__version__", "99.0")
        else:
            monkeypatch.setattr("bpframe.verification.fingerprint.CONTRACT_VERSION", 99)
        package.network()
    assert len(checked) == 2


def test_equal_fields_are_one_and_different_ones_are_not():
    def of(component, shapes=((3,),)):
        return fingerprint(component, shapes, ("shape",))

    assert of(Dense(units=3)) == of(Dense(units=3))
    others = [
        of(Dense(units=3)),
        of(Dense(units=4)),
        of(Dense(units=3, bias=False)),
        of(Dense(units=3, weights=StandardNormal())),
        of(Dense(units=3), ((4,),)),
        of(Sigmoid()),
        of(Add(), ((3,), (3,))),
    ]
    assert len(set(others)) == len(others)
    assert None not in others


def test_a_class_made_inside_a_function_is_checked_every_time(checked):
    def made(k):
        class Made(Activation):
            """What it computes hangs on k, which its source does not show."""

            def forward(self, x: Array) -> Array:
                return k * x

            def jacobian(self, x: Array) -> Operator:
                return Diagonal(2 * np.ones_like(x))

        return Made()

    Network([made(2.0)], input_shape=(3,), verify=True)
    with pytest.raises(ComponentCheckFailed):
        Network([made(3.0)], input_shape=(3,), verify=True)
    assert len(checked) == 2


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "null", '{"format": 1}', '{"format": 1, "key": "another", "problem": "", "rows": []}', "\xff\x00"],
)
def test_a_corrupt_cache_is_checked_again_and_mended(damage, package, checked, cache):
    package.network()
    (file,) = cache.iterdir()
    whole = file.read_text()
    file.write_bytes(damage.encode("latin-1"))
    package.network()
    assert len(checked) == 2
    assert file.read_text() == whole
    assert json.loads(whole)["problem"] == ""


def test_a_cache_that_cannot_be_written_breaks_nothing(package, checked, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path / "a file" / "below"))
    package.network()
    package.network()
    assert len(checked) == 2
    package.write(BAD)
    with pytest.raises(ComponentCheckFailed):
        package.network()


def test_a_folder_in_a_files_place_breaks_nothing(package, checked, cache):
    package.network()
    (file,) = cache.iterdir()
    file.unlink()
    file.mkdir()
    package.network()
    assert len(checked) == 2
    assert list(cache.iterdir()) == [file]  # no half-written file is left


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"BPFRAME_CACHE": "/somewhere", "XDG_CACHE_HOME": "/x"}, "/somewhere"),
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/bpframe"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "HOME/.cache/bpframe"),
        ("linux", {}, "HOME/.cache/bpframe"),
        ("darwin", {}, "HOME/Library/Caches/bpframe"),
        ("win32", {}, "HOME/AppData/Local/bpframe"),
    ],
)
def test_the_cache_lies_where_the_system_keeps_caches(platform, environ, expected, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("HOME"))
    assert cache_folder(environ) == Path(expected)


def test_without_a_home_nothing_is_remembered(monkeypatch):
    def homeless():
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.delenv("BPFRAME_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    remember("key", "name", Finding())
    assert recall("key") is None


def test_a_finding_is_recalled_as_it_was():
    finding = Finding("a problem: δ ≠ 0", (("worst", "x[0]"), ("rerun", "bpframe check")))
    remember("key", "name", finding)
    assert recall("key") == finding
    assert recall("other") is None


SCRIPT = """
    import sys
    from bpframe import Network
    sys.path.insert(0, {folder!r})
    from authors_package.layers import Scaled
    for _ in range(3):
        Network([Scaled()], input_shape=(3,), verify=True)
    kit = "bpframe.testing.kit" in sys.modules
    print("kit" if kit else "no kit")
"""


def test_processes_at_once_agree_and_later_ones_need_no_kit(package, cache):
    script = textwrap.dedent(SCRIPT.format(folder=str(package.folder.parent)))

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    for process in [start(), start()]:
        output, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors
    (file,) = cache.iterdir()
    assert json.loads(file.read_text())["component"] == "authors_package.layers.Scaled"
    output, errors = start().communicate(timeout=600)
    assert output.strip() == "no kit", errors

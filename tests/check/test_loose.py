"""One file is imported where it lies: with its neighbours, without a trace."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bpframe.errors import ComponentFileError
from bpframe.testing.running.loose_file import components_of, is_file, loose_file

from .conftest import SOFT_SIGN

Write = Callable[..., Path]


@pytest.mark.parametrize(
    "line", ["from neighbour import SLOPE", "from .neighbour import SLOPE", "from . import neighbour"]
)
def test_the_files_beside_it_can_be_imported(folder: Path, write: Write, line: str) -> None:
    write("neighbour.py", "SLOPE = 3.0\n")
    path = write("mine.py", SOFT_SIGN, line + "\n")
    before, modules = list(sys.path), set(sys.modules)
    with loose_file(path) as module:
        assert [each.__name__ for each in components_of(module)] == ["SoftSign"]
        assert str(folder) in sys.path
    assert sys.path == before
    assert not any("neighbour" in name or "mine" in name for name in set(sys.modules) - modules)
    assert sorted(each.name for each in folder.iterdir()) == ["mine.py", "neighbour.py"]
    assert not sys.dont_write_bytecode


def test_a_file_of_a_package_is_a_module_of_that_package(folder: Path, write: Write) -> None:
    write("src/bp_loose_test/__init__.py", head="")
    write("src/bp_loose_test/slopes.py", "SLOPE = 3.0\n")
    imports = "from .slopes import SLOPE\nimport bp_loose_test.slopes as again\n"
    path = write("src/bp_loose_test/activation.py", SOFT_SIGN, imports)
    with loose_file(path) as module:
        assert module.__name__ == "bp_loose_test.activation"
        assert module.again.SLOPE == 3.0
    assert "bp_loose_test" not in sys.modules
    with loose_file(path.with_name("__init__.py")) as module:
        assert module.__name__ == "bp_loose_test"


def test_a_file_may_have_any_name(write: Write) -> None:
    for name in ("numpy.py", "my-layer.v2.py", "typing.py"):
        with loose_file(write(name, SOFT_SIGN)) as module:
            assert len(components_of(module)) == 1
            assert sys.modules["numpy"] is not module
        Path(name).unlink()


def test_two_files_of_one_name_do_not_mix(write: Write) -> None:
    one = write("a/mine.py", SOFT_SIGN, "from helper import N\n")
    write("a/helper.py", "N = 1\n")
    two = write("b/mine.py", SOFT_SIGN, "from helper import N\n")
    write("b/helper.py", "N = 2\n")
    found = []
    for path in (one, two):
        with loose_file(path) as module:
            found.append(module.N)
    assert found == [1, 2]
    with loose_file(one) as first, loose_file(two) as second:
        assert first.SoftSign is not second.SoftSign


def test_bases_of_the_authors_own_are_left_out(write: Write) -> None:
    path = write(
        "family.py",
        """
        class Base(Activation):
            slope: PositiveFloat = 1.0

        class _Hidden(Activation):
            pass

        class Child(Base):
            def forward(self, x):
                return self.slope * x

            def jacobian(self, x):
                return Diagonal(self.slope * np.ones_like(x))

        class Lonely(Activation):
            pass
        """,
    )
    with loose_file(path) as module:
        # Lonely is no base of anything: that it has no forward is its author's mistake.
        assert [each.__name__ for each in components_of(module)] == ["Child", "Lonely"]


def test_the_error_of_a_neighbour_names_its_line(write: Write) -> None:
    write("neighbour.py", "x = (\n", head="")
    path = write("mine.py", "import neighbour\n", head="")
    with pytest.raises(ComponentFileError) as caught, loose_file(path):
        pass
    assert "neighbour.py, line 1" in str(caught.value)


def test_a_package_that_is_imported_from_elsewhere_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a/bp_loose_twin/__init__.py", head="")
    first = write("a/bp_loose_twin/one.py", SOFT_SIGN)
    write("b/bp_loose_twin/__init__.py", head="")
    second = write("b/bp_loose_twin/one.py", SOFT_SIGN)
    with (
        loose_file(first),
        pytest.raises(ComponentFileError, match="imported from elsewhere"),
        loose_file(second),
    ):
        pass


@pytest.mark.parametrize(
    ("word", "expected"),
    [("a.py", True), ("folder/a", True), ("folder\\a", True), ("sigmoid", False), ("reference.sigmoid", False)],
)
def test_files_are_told_from_names(folder: Path, word: str, expected: bool) -> None:
    assert is_file(word) is expected


def test_a_file_that_is_named_twice_is_one_module(write: Write) -> None:
    path = write("mine.py", SOFT_SIGN)
    with loose_file(path) as one, loose_file(path) as other:
        assert one is other
        assert sys.modules[one.__name__] is one
    assert one.__name__ not in sys.modules

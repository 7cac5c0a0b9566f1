"""What is understood of a component's methods, and what has to be called: every way to fool the reader is refused."""

from __future__ import annotations
import __future__

import copy
import gc
import inspect
import linecache
import math
import pickle
import re
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpframe.core.component import Activation
from bpframe.extend import Array
from bpframe.replay.understanding import understand
from bpframe.replay.understanding.allowed import functions, out_position
from tests.replay.reading.snippets import module_of, snippets, written


def why(snippet: str, folder: Path) -> str | None:
    cls = module_of(written(snippet), folder).C
    methods = [name for name in ("forward", "jacobian") if name in vars(cls)]
    found = understand(cls(), methods)
    if found.why is not None:
        for line, name in re.findall(r"line (\d+) of (snippet\w+\.py)", found.why):
            assert 1 <= int(line) <= len((folder / name).read_text().splitlines())
    return found.why


@pytest.mark.parametrize(("snippet", "gist"), list(snippets()))
def test_array_code_alone_is_understood_and_anything_else_refused_with_its_line(
    snippet: str, gist: str, tmp_path: Path
) -> None:
    found = why(snippet, tmp_path)
    if gist == "understood":
        assert found is None
    else:
        assert found is not None
        assert gist in found


# What a class says itself ---------------------------------------------------------------------------------------------


def test_an_author_vouches_for_methods_or_has_them_called(tmp_path: Path) -> None:
    snippet = "---\npure: ClassVar[bool | None] = {}\ndef forward(self, x):\n    LIST.append(x)\n    return x"
    assert why(snippet.format(True), tmp_path) is None
    assert why(snippet.format(False), tmp_path) == "it says that its methods are not pure"
    assert "reads LIST" in str(why(snippet.format(None), tmp_path))


def test_a_name_that_is_no_method_is_not_understood(tmp_path: Path) -> None:
    cls = module_of(written("return x"), tmp_path).C
    assert understand(cls(), ["backward"]).why == "backward: it is not a plain method"


def test_a_method_of_a_strangers_class_is_not_read(tmp_path: Path) -> None:
    base = module_of(written("return x"), tmp_path)
    heir = module_of(f"from {base.__name__} import C as Base\nclass C(Base):\n    pass\n", tmp_path)
    assert f"of another package, {base.__name__}" in str(understand(heir.C(), ["forward"]).why)


# Source ---------------------------------------------------------------------------------------------------------------


def test_a_file_that_was_edited_after_its_import_is_not_believed(tmp_path: Path) -> None:
    module = module_of(written("return x + 1"), tmp_path)
    path = Path(str(module.__file__))
    path.write_text(path.read_text().replace("return x + 1", "return x + 2"))
    assert "its source is not what runs" in str(understand(module.C(), ["forward"]).why)


def test_lines_added_before_a_method_are_noticed(tmp_path: Path) -> None:
    module = module_of(written("return x + 1"), tmp_path)
    path = Path(str(module.__file__))
    path.write_text("# one more line\n" + path.read_text())
    assert "its source is not what runs" in str(understand(module.C(), ["forward"]).why)


def test_code_without_a_file_cannot_be_read() -> None:
    space: dict[str, Any] = {"__name__": "typed"}
    exec(written("return x"), space)
    assert "its source cannot be read" in str(understand(space["C"](), ["forward"]).why)


def test_a_notebooks_cell_is_read_with_the_features_of_cells_before_it(tmp_path: Path) -> None:
    text, name = written("return x * self.alpha"), "<a cell>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(text, name, "exec", __future__.annotations.compiler_flag, dont_inherit=True), space)
    assert understand(space["C"](), ["forward"]).why is None
    del linecache.cache[name]


def test_a_method_with_an_assert_that_pytest_rewrote_is_refused_and_its_neighbour_is_read() -> None:
    class Local(Activation):
        def forward(self, x: Array) -> Array:
            assert x.ndim
            return x

        def jacobian(self, y: Array) -> Array:
            return y

    assert "its source is not what runs" in str(understand(Local(), ["forward"]).why)
    assert understand(Local(), ["jacobian"]).why is None


# What was read --------------------------------------------------------------------------------------------------------


def holds(reads: Iterable[tuple[Mapping[str, Any], str, Any]]) -> bool:
    return all(space.get(name) is thing for space, name, thing in reads)


CHANGES = {
    "a constant": ("return x * SCALE", lambda m: setattr(m, "SCALE", 3.0)),
    "a constant that is deleted": ("return x * SCALE", lambda m: delattr(m, "SCALE")),
    "an array": ("return x * TABLE", lambda m: setattr(m, "TABLE", m.TABLE.copy())),
    "NumPy itself": ("return np.tanh(x)", lambda m: setattr(m, "np", math)),
    "a helper": ("return helper(x)", lambda m: setattr(m, "helper", abs)),
    "a constant of a helper": (
        "K = 2\ndef f(x):\n    return x * K\n---\ndef forward(self, x):\n    return f(x)",
        lambda m: setattr(m, "K", 3),
    ),
    "a method that it calls": (
        "---\ndef f(self, x):\n    return x\ndef forward(self, x):\n    return self.f(x)",
        lambda m: setattr(m.C, "f", lambda self, x: -x),
    ),
    "a class variable": (
        "---\nK: ClassVar[int] = 2\ndef forward(self, x):\n    return x * self.K",
        lambda m: setattr(m.C, "K", 3),
    ),
    "an operator's method": (
        "class Op(Diagonal):\n    def f(self):\n        return 1\n---\ndef forward(self, x):\n    return Op(x).f()",
        lambda m: setattr(m.Op, "f", lambda self: 2),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_read_by_name_is_told_and_a_change_shows(what: str, tmp_path: Path) -> None:
    snippet, change = CHANGES[what]
    module = module_of(written(snippet), tmp_path)
    found = understand(module.C(), ["forward"])
    assert found.why is None
    assert holds(found.reads_of("forward"))
    change(module)
    assert not holds(found.reads_of("forward"))


def test_a_field_that_is_set_behind_the_models_back_shows(tmp_path: Path) -> None:
    component = module_of(written("return x * self.alpha"), tmp_path).C()
    found = understand(component, ["forward"])
    assert holds(found.reads_of("forward"))
    object.__setattr__(component, "alpha", 3.0)
    assert not holds(found.reads_of("forward"))


def test_an_attribute_that_is_set_behind_the_models_back_is_refused(tmp_path: Path) -> None:
    component = module_of(written("return x"), tmp_path).C()
    object.__setattr__(component, "forward", lambda x: -x)
    assert "an attribute forward that is no field" in str(understand(component, ["forward"]).why)


def test_a_reading_is_kept_until_what_it_read_changes(tmp_path: Path) -> None:
    module = module_of(written("return x * SCALE"), tmp_path)
    first = understand(module.C(), ["forward"])
    assert understand(module.C(), ["forward"]).reads == first.reads
    module.SCALE = 3.0
    again = understand(module.C(), ["forward"])
    assert again.why is None
    assert holds(again.reads_of("forward"))
    module.SCALE = [3.0]
    assert "reads SCALE, a list" in str(understand(module.C(), ["forward"]).why)
    module.SCALE = 1.0
    assert understand(module.C(), ["forward"]).why is None


def test_an_array_that_becomes_read_only_is_understood_from_then_on(tmp_path: Path) -> None:
    module = module_of(written("return x * BUF"), tmp_path)
    assert "setflags(write=False)" in str(understand(module.C(), ["forward"]).why)
    module.BUF.setflags(write=False)
    assert understand(module.C(), ["forward"]).why is None
    module.BUF.setflags(write=True)
    assert "setflags(write=False)" in str(understand(module.C(), ["forward"]).why)


def test_two_instances_of_one_class_are_told_apart_by_what_their_fields_hold(tmp_path: Path) -> None:
    module = module_of(written("---\nk: Any = 1.0\ndef forward(self, x):\n    return x * self.k"), tmp_path)
    fixed = np.ones(3)
    fixed.setflags(write=False)
    assert understand(module.C(k=2), ["forward"]).why is None
    assert understand(module.C(k=fixed), ["forward"]).why is None
    assert understand(module.C(k=(1, (2.0, "a"))), ["forward"]).why is None
    assert "reads self.k, a list" in str(understand(module.C(k=[1]), ["forward"]).why)
    assert "reads self.k, an array that can be written" in str(understand(module.C(k=np.ones(3)), ["forward"]).why)


def test_nothing_is_told_twice(tmp_path: Path) -> None:
    snippet = (
        "---\ndef forward(self, x):\n    return np.tanh(x)\ndef jacobian(self, x):\n    return Diagonal(np.cos(x))"
    )
    found = understand(module_of(written(snippet), tmp_path).C(), ["forward", "jacobian"])
    for reads in found.reads.values():
        assert len({(id(space), name) for space, name, _ in reads}) == len(reads)
    read = {(id(space), name) for reads in found.reads.values() for space, name, _ in reads}
    assert sorted(name for _, name in read) == [
        "Diagonal", "__code__", "__code__", "cos", "np", "tanh",
    ]  # fmt: skip


def test_a_class_that_was_read_can_still_be_copied_pickled_and_inherited(tmp_path: Path) -> None:
    module = module_of(written("return x * self.alpha"), tmp_path)
    component = module.C(alpha=0.25)
    assert understand(component, ["forward"]).why is None
    assert pickle.loads(pickle.dumps(component)) == copy.deepcopy(component) == component
    heir = type("Heir", (module.C,), {"__module__": module.__name__})
    assert understand(heir(), ["forward"]).why is None


def test_a_class_that_is_gone_is_forgotten() -> None:
    def made() -> weakref.ref[type]:
        class Local(Activation):
            def forward(self, x: Array) -> Array:
                return np.tanh(x)

        assert understand(Local(), ["forward"]).why is None
        return weakref.ref(Local)

    gone = made()
    gc.collect()
    assert gone() is None


def test_every_function_that_is_allowed_writes_nowhere_but_into_out() -> None:
    for function, name, _ in functions().values():
        try:
            arguments = list(inspect.signature(function).parameters.values())
        except ValueError:
            continue
        for place, each in enumerate(arguments):
            if each.name == "out" and each.kind is not each.KEYWORD_ONLY:
                assert out_position(name) == place, name
            assert each.name not in ("func", "function", "func1d", "pyfunc", "file", "fname") or "itertools" in name, (
                name
            )

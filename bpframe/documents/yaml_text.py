"""YAML as specs use it: the core types of YAML 1.2, merge keys, no tags, no duplicate keys, no bombs."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bpframe.documents.bounds import MOST_DEPTH, MOST_VALUES, too_deep, too_many
from bpframe.errors import SpecFileError

__all__ = ["dump_yaml", "finite", "parse_yaml"]

# `<<: *block` puts the keys of another mapping among these. YAML 1.2 has no word for it, and its readers know it.
_MERGE = "tag:yaml.org,2002:merge"

# PyYAML follows YAML 1.1, in which 1e-3 is a text, and yes, no, on, off, 1:30 and dates are not.
# Each with the characters that a value of the type begins with; "" is the empty value.
_CORE_TYPES: tuple[tuple[str, str, list[str]], ...] = (
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+", list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
    (_MERGE, r"<<", ["<"]),
)


def finite(text: str) -> float:
    """Return the number that a text stands for. Raises ValueError where it is too large for one."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is larger than every float64; infinity is written .inf in YAML, inf in TOML")
    return number


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own attribute)

    def __init__(self, text: str, where: str) -> None:
        super().__init__(text)
        self._where, self._nodes, self._depth = where, 0, 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        # Counted while they are read: a text of megabytes is not read to its end.
        self._nodes += 1
        self._depth += 1
        if self._nodes > MOST_VALUES:
            raise too_many(self._where)
        if self._depth > MOST_DEPTH:
            raise too_deep(self._where)
        node: Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        # PyYAML's own reads duplicate keys, and merges a block that was merged itself without its changes.
        merged: dict[Hashable, Any] | None = None
        own: dict[Hashable, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag not in ("tag:yaml.org,2002:str", _MERGE):
                shown = key.value if isinstance(key, ScalarNode) else "a list or mapping"
                raise ConstructorError(None, None, f"the key {shown} is no text; write it in quotes", key.start_mark)
            is_merge = key.tag == _MERGE
            if key.value in own or (is_merge and merged is not None):
                raise ConstructorError(None, None, f"the key '{key.value}' stands here twice", key.start_mark)
            if is_merge and not isinstance(value, MappingNode):  # of several, readers disagree which one goes first
                raise ConstructorError(None, None, "<< takes one mapping, such as <<: *block", value.start_mark)
            found = self.construct_object(value, deep=True)
            if is_merge:
                merged = found
            else:
                own[key.value] = found
        return {**(merged or {}), **own}

    def construct_yaml_int(self, node: ScalarNode) -> int:
        if re.match(r"[-+]?0[0-9]", node.value):  # eight for YAML 1.1, ten for 1.2, and a name in a table
            raise ConstructorError(
                None,
                None,
                f"{node.value} begins with 0; write the number without it, a text in quotes",
                node.start_mark,
            )
        return int(node.value)

    def construct_yaml_float(self, node: ScalarNode) -> float:
        is_number = node.value[-1] in "0123456789."
        return finite(node.value) if is_number else float(node.value.replace(".", ""))  # .inf, -.inf, .nan

    def construct_merge(self, node: ScalarNode) -> str:
        return str(node.value)  # `<<` as a value is a text

    def construct_yaml_map(self, node: MappingNode) -> Any:
        yield self.construct_mapping(node)


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own attribute)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, value: str) -> ScalarNode:
    # YAML 1.1 counts these among the line breaks, which lose themselves in any style but the one with escapes.
    style = '"' if any(mark in value for mark in "\r\x85\u2028\u2029\ufeff") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _represent_text)

for _tag, _pattern, _firsts in _CORE_TYPES:
    for _side in (_Loader, _Dumper):
        _side.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), _firsts)

_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_yaml_map)
_Loader.add_constructor(_MERGE, _Loader.construct_merge)


def parse_yaml(text: str, where: str) -> Any:
    """Return what a YAML text stands for; None where it is empty.

    Errors: SpecFileError (with line and column, for a syntax error, a duplicate key, a tag, or a text that expands too
    far); RecursionError, ValueError (for values nested too deeply, and a number that is none).
    """
    loader: _Loader | None = None
    try:
        loader = _Loader(text, where)
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node, where)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}, line {mark.line + 1}, column {mark.column + 1}" if mark else where
        raise SpecFileError(f"{place}: {error.problem or error.context}", expected="YAML", hint=_hint(error)) from None
    except yaml.reader.ReaderError as error:
        raise SpecFileError(
            f"{where}: a character that YAML does not allow", received=f"{error.character!r} at {error.position}"
        ) from None
    finally:
        if loader is not None:
            loader.dispose()


def _hint(error: yaml.MarkedYAMLError) -> str | None:
    if "could not determine a constructor for the tag" in str(error.problem):
        return "leave the tag out: a spec holds plain values, and nothing in it is imported or run"
    if "found character '\\t'" in str(error.problem):
        return "indent with spaces"
    return None


def _measure(root: Node, where: str) -> None:
    """Refuse aliases that contain themselves, and too many values once aliases are written out."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: Node) -> int:
        if id(node) in open_nodes:
            raise SpecFileError(f"{where}, line {node.start_mark.line + 1}: the value contains itself")
        if id(node) not in sizes:
            open_nodes.add(id(node))
            children: list[Node] = []
            if isinstance(node, SequenceNode):
                children = node.value
            elif isinstance(node, MappingNode):
                children = [each for pair in node.value for each in pair]
            sizes[id(node)] = 1 + sum(map(size, children))
            open_nodes.discard(id(node))
        return sizes[id(node)]

    if size(root) > MOST_VALUES:
        raise too_many(where)


def dump_yaml(value: Any) -> str:
    """Return a value as YAML that `parse_yaml` reads back."""
    return str(
        yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
    )

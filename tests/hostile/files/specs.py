"""Specs that are wrong, too large, or meant to run something."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import tomli_w
import yaml

from tests.hostile.files.judging import Case
from tests.hostile.files.values import NAMES, NUMBERS, PLACES, put_places, replaced, value

DENSE = {"kind": "dense", "units": 3}
SPECS: tuple[dict[str, Any], ...] = (
    {
        "network": {"input_shape": [2], "layers": [DENSE, {"kind": "sigmoid"}], "cost": {"kind": "quadratic"}},
        "training": {"optimizer": {"kind": "adam"}, "epochs": 1, "batch_size": 8, "seed": 0, "metrics": [{"kind": "accuracy"}]},
        "data": {"kind": "npz", "path": "data.npz", "test_fraction": 0.2, "scaling": "standard", "one_hot": True},
    },
    {
        "network": {
            "input_shape": [8, 8, 1],
            "layers": [
                {"kind": "conv2d", "filters": 2, "kernel_size": 3, "stride": 2}, {"kind": "relu"}, {"kind": "flatten"},
                {"kind": "dropout", "rate": 0.1}, {"kind": "dense", "units": 10, "weights": {"kind": "truncated_normal"}},
            ],
            "cost": {"kind": "cross_entropy"}, "dtype": "float32", "seed": 3,
        },
        "training": {
            "optimizer": {"kind": "gradient_descent", "learning_rate": {"kind": "exponential", "start": 0.1, "factor": 0.9}},
            "epochs": 1, "callbacks": [{"kind": "stop_early", "patience": 2}],
        },
        "data": {"kind": "digits", "test_count": 100},
    },
    {
        "network": {
            "inputs": {"a": [4], "b": [4]},
            "nodes": {
                "c": {"kind": "dense", "units": 5, "inputs": "a"}, "d": {"kind": "dense", "units": 5, "inputs": "b", "share": "c"},
                "e": {"kind": "add", "inputs": ["c", "d"]}, "f": {"kind": "tanh", "inputs": "e"},
            },
            "output": ["f"], "cost": {"f": {"kind": "quadratic", "weight": 2.0}},
        },
    },
    {
        "network": {
            "input_shape": [6],
            "layers": [
                {"kind": "embedding", "size": 9, "units": 4}, {"kind": "lstm", "units": 3},
                {"kind": "batch_norm"}, {"kind": "dense", "units": 2},
            ],
            "cost": {"kind": "cross_entropy"},
        },
        "data": {"kind": "csv", "path": "data.csv", "targets": ["y"], "inputs": ["a", "b"], "delimiter": ","},
    },
)  # fmt: skip

#: Layers with numbers that say how large something is.
LARGE = (
    "{{kind: dense, units: {}}}", "{{kind: dense, units: {}}}, {{kind: dense, units: {}}}",
    "{{kind: reshape, shape: [8, 8, 1]}}, {{kind: conv2d, filters: {}, kernel_size: 3}}",
    "{{kind: reshape, shape: [8, 8, 1]}}, {{kind: conv2d, filters: 3, kernel_size: {}}}",
    "{{kind: reshape, shape: [8, 8, 1]}}, {{kind: conv2d, filters: 3, kernel_size: 3, padding: {}}}",
    "{{kind: reshape, shape: [8, 8, 1]}}, {{kind: conv2d, filters: 3, kernel_size: 3, stride: {}, dilation: {}}}",
    "{{kind: reshape, shape: [8, 8, 1]}}, {{kind: zero_pad, padding: {}}}",
    "{{kind: reshape, shape: [8, 8, 1]}}, {{kind: upsample2d, size: {}}}",
    "{{kind: reshape, shape: [8, 8, 1]}}, {{kind: max_pool2d, size: {}}}",
    "{{kind: repeat, times: {}}}", "{{kind: repeat, count: {}}}", "{{kind: reshape, shape: [{}]}}",
    "{{kind: reshape, shape: [8, 8]}}, {{kind: lstm, units: {}}}", "{{kind: reshape, shape: [8, 8]}}, {{kind: gru, units: {}}}",
    "{{kind: reshape, shape: [8, 8]}}, {{kind: multi_head_attention, heads: {}, units: {}}}",
    "{{kind: reshape, shape: [8, 8]}}, {{kind: transformer_block, heads: {}, units: {}}}",
    "{{kind: reshape, shape: [8, 8]}}, {{kind: positional_encoding}}, {{kind: simple_rnn, units: {}}}",
    "{{kind: dropout, rate: {}}}", "{{kind: dense, units: 3, weights: {{kind: scaled_normal, deviation: {}}}}}",
    "{{kind: sequential, layers: [{{kind: dense, units: {}}}, {{kind: dense, units: {}}}]}}",
)  # fmt: skip


def prepare(folder: Path) -> None:
    """Write the data that the specs name, and have each of them prepared once."""
    from bpframe.documents import read_spec
    from bpframe.runs import prepare_experiment

    folder.mkdir()
    rng = np.random.default_rng(0)
    np.savez(folder / "data.npz", x=rng.normal(size=(60, 2)), y=rng.integers(0, 3, 60))
    (folder / "data.csv").write_text("a,b,y\n" + "1,2,yes\n3,4,no\n" * 10)
    prepare_experiment(read_spec(SPECS[0]), folder)
    prepare_experiment(read_spec(SPECS[1]), folder)


def case(number: int, folder: Path, prepared: Path) -> Case:
    """Write a spec; the same number always gives the same."""
    random = Random(number)
    for each in prepared.iterdir():
        (folder / each.name).symlink_to(each)
    put_places(folder)
    makers: list[Callable[[Random], tuple[str, str, bytes]]] = [
        _changed,
        _changed,
        _changed,
        _large,
        _raw,
        _bomb,
        _kind,
        _placed,
    ]
    what, ending, content = makers[number % len(makers)](random)
    name = f"spec{ending}"
    (folder / name).write_bytes(content)
    return Case(f"{what} in {ending}", ("train", name, "-o", "out"), name)


def _written(random: Random, document: Any) -> tuple[str, bytes]:
    ending = random.choice((".yaml", ".yaml", ".json", ".toml"))
    try:
        if ending == ".toml":
            return ending, tomli_w.dumps(document).encode("utf-8", "surrogatepass")
        if ending == ".json":
            return ending, json.dumps(document).encode()
        return ending, yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, AttributeError, RecursionError, yaml.YAMLError):  # TOML has no null
        return ".json", json.dumps(document, skipkeys=True).encode()


def _changed(random: Random) -> tuple[str, str, bytes]:
    document: Any = random.choice(SPECS)
    for _ in range(random.choice((1, 1, 2, 5))):
        document = replaced(random, document, value(random))
    return "a changed value", *_written(random, document)


def _large(random: Random) -> tuple[str, str, bytes]:
    layers = random.choice(LARGE)
    numbers = [
        random.choice((*NUMBERS, 10 ** random.randrange(3, 40), [10**12, 10**12])) for _ in range(layers.count("{}"))
    ]
    shape = random.choice(
        ("[64]", "[64]", "[64]", "[1000000000000]", "[100000, 100000, 100000]", "[null]", f"[{2**63}]")
    )
    text = f"network: {{input_shape: {shape}, layers: [{layers.format(*map(json.dumps, numbers))}], cost: {{kind: quadratic}}}}\n"
    return (
        f"{layers} with {numbers}"[:200],
        ".yaml",
        (text + "data: {kind: digits}\ntraining: {optimizer: {kind: adam}}\n").encode(),
    )


def _raw(random: Random) -> tuple[str, str, bytes]:
    ending, content = _written(random, random.choice(SPECS))
    changed = bytearray(content)
    for _ in range(random.choice((1, 2, 8, 40))):
        at = random.randrange(len(changed))
        what = random.randrange(5)
        if what == 0:
            changed[at] = random.randrange(256)
        elif what == 1:
            del changed[at : at + random.choice((1, 5, 50))]
        elif what == 2:
            changed[at:at] = bytes(random.randrange(256) for _ in range(random.choice((1, 4))))
        elif what == 3:
            changed[at:at] = changed[random.randrange(len(changed)) :][: random.choice((3, 30, 300))]
        else:
            changed[at:at] = random.choice(
                (
                    b"{",
                    b"[",
                    b'"',
                    b"'",
                    b": ",
                    b"&a ",
                    b"*a",
                    b"!!map ",
                    b"<<: ",
                    b"\x1b[2J",
                    b"\xff\xfe",
                    b"\0",
                    b"9" * 5000,
                )
            )
        changed = changed or bytearray(b"x")
    return "bytes changed", ending, bytes(changed)


BOMBS: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "a list in YAML": (".yaml", lambda n: b"network: [" + b"1," * n + b"]"),
    "a block list in YAML": (".yaml", lambda n: b"network:\n" + b"- 1\n" * n),
    "keys in YAML": (".yaml", lambda n: b"".join(b"k%d: 1\n" % k for k in range(n // 8))),
    "a mapping in YAML": (".yaml", lambda n: b"network:\n" + b"- {a: 1}\n" * n),
    "depth in YAML": (".yaml", lambda n: b"a: " + b"[" * n),
    "depth of mappings in YAML": (".yaml", lambda n: b"a: " + b"{a: " * n),
    "indentation in YAML": (".yaml", lambda n: b"".join(b" " * k + b"a:\n" for k in range(min(n, 2000)))),
    "aliases of aliases": (".yaml", lambda n: b"a0: &a0 [1,1,1,1,1,1,1,1,1]\n" + b"".join(b"a%d: &a%d [%s]\n" % (k, k, b",".join([b"*a%d" % (k - 1)] * 9)) for k in range(1, min(n, 60)))),
    "merges of merges": (".yaml", lambda n: b"a0: &a0 {x: 1}\n" + b"".join(b"a%d: &a%d {<<: *a%d, k%d: 1}\n" % (k, k, k - 1, k) for k in range(1, min(n, 5000)))),
    "a chain of aliases": (".yaml", lambda n: b"a0: &a0 [1]\n" + b"".join(b"a%d: &a%d [*a%d]\n" % (k, k, k - 1) for k in range(1, min(n, 30_000)))),
    "itself": (".yaml", lambda n: b"a: &a [*a]\nb: &b {c: *b}\n"),
    "documents": (".yaml", lambda n: b"---\n" * n),
    "comments": (".yaml", lambda n: b"#\n" * n),
    "a text in YAML": (".yaml", lambda n: b'network: "' + b"\\x1b" * n + b'"'),
    "a long key in YAML": (".yaml", lambda n: b"k" * n + b": 1"),
    "a complex key": (".yaml", lambda n: b"? " * n),
    "a tag": (".yaml", lambda n: b"network: !<" + b"t" * n + b"> 1"),
    "a number in YAML": (".yaml", lambda n: b"network: " + b"9" * n),
    "an exponent": (".yaml", lambda n: b"network: 1e" + b"9" * n),
    "a list in JSON": (".json", lambda n: b"[" + b"1," * n + b"1]"),
    "objects in JSON": (".json", lambda n: b"[" + b"{}," * n + b"1]"),
    "depth in JSON": (".json", lambda n: b'{"network":' * n),
    "closed depth in JSON": (".json", lambda n: b"[" * n + b"]" * n),
    "a number in JSON": (".json", lambda n: b'{"network": ' + b"9" * n + b"}"),
    "a key twice in JSON": (".json", lambda n: b'{"a": [' + b"1," * n + b'1], "b": 1, "b": 2}'),
    "a list in TOML": (".toml", lambda n: b"network = [" + b"1," * n + b"]"),
    "tables in TOML": (".toml", lambda n: b"[[network]]\n" * n),
    "depth in TOML": (".toml", lambda n: b"network = " + b"[" * n),
    "inline depth in TOML": (".toml", lambda n: b"network = " + b"{a = " * n),
    "a dotted key": (".toml", lambda n: b".".join([b"a"] * n) + b" = 1"),
    "dotted keys": (".toml", lambda n: b"".join(b"a%d." % k + b".".join([b"b"] * 90) + b" = 1\n" for k in range(n // 100))),
    "a dotted table": (".toml", lambda n: b"[" + b".".join([b"a"] * n) + b"]"),
    "quoted dots": (".toml", lambda n: b".".join([b'"a"'] * n) + b" = 1"),
    "a number in TOML": (".toml", lambda n: b"network = " + b"9" * n),
    "nothing": (".yaml", lambda n: b""),
    "zeros": (".yaml", lambda n: bytes(n)),
    "UTF-16": (".yaml", lambda n: "network: 1".encode("utf-16")),
    "layers": (".yaml", lambda n: b"network: {input_shape: [3], layers: [" + b"{kind: sigmoid}," * min(n, 500) + b"], cost: {kind: nothing}}"),
    "mistakes": (".yaml", lambda n: b"network: {input_shape: [3], layers: [" + b"{kind: sigmoyd, a: 1}," * min(n // 10, 10_000) + b"]}"),
    "unknown fields": (".yaml", lambda n: b"network: {" + b"".join(b"f%d: 1, " % k for k in range(min(n // 10, 40_000))) + b"}"),
}  # fmt: skip


def _bomb(random: Random) -> tuple[str, str, bytes]:
    what = random.choice(list(BOMBS))
    ending, make = BOMBS[what]
    size = random.choice((10, 1000, 30_000, 300_000, 600_000))
    return f"{what} of {size}", ending, make(size)


def _kind(random: Random) -> tuple[str, str, bytes]:
    document: Any = json.loads(json.dumps(SPECS[0]))
    section, name = random.choice((("network", "cost"), ("training", "optimizer"), ("", "data"), ("network", "layers")))
    kind = {"kind": random.choice(NAMES), "path": random.choice(PLACES)}
    holder = document[section] if section else document
    holder[name] = [kind] if name == "layers" else kind
    return "the name of a component", *_written(random, document)


def _placed(random: Random) -> tuple[str, str, bytes]:
    document: Any = json.loads(json.dumps(SPECS[0]))
    kind = random.choice(("npz", "csv", "text", "series", "images", "idx"))
    fields: dict[str, Any] = {"kind": kind, "path": random.choice(PLACES)}
    if kind == "csv":
        fields["targets"] = ["y"]
    if kind == "series":
        fields["columns"] = ["a"]
    if kind == "idx":
        fields = {"kind": kind, "inputs": random.choice(PLACES), "targets": random.choice(PLACES)}
    document["data"] = fields
    return f"{kind} at {fields.get('path', fields.get('inputs'))}"[:80], *_written(random, document)

"""A spec is read from YAML, JSON, TOML and Python alike."""

from __future__ import annotations

import json
import os

import pytest

from bpframe.data import DigitsData
from bpframe.documents import NodeSpec, TrainingSpec, network_spec, node, parse_spec, read_spec
from bpframe.errors import GraphError, SpecError, SpecFileError

YAML = """
network:
  input_shape: [64]
  layers:
    - {kind: dense, units: 30}
    - {kind: sigmoid}
    - {kind: test.dense, units: 10, weights: {kind: normal, deviation: 1e-3}, name: head}
    - {kind: sigmoid}
  cost: {kind: quadratic}
training: {optimizer: {kind: gradient_descent, learning_rate: 3.0}, epochs: 30, batch_size: 10, seed: 0}
data: {kind: digits}
"""

TOML = """
data = { kind = "digits" }

[network]
input_shape = [64]
cost = { kind = "quadratic" }
layers = [
    { kind = "dense", units = 30 },
    { kind = "sigmoid" },
    { kind = "test.dense", units = 10, weights = { kind = "normal", deviation = 1e-3 }, name = "head" },
    { kind = "sigmoid" },
]

[training]
optimizer = { kind = "gradient_descent", learning_rate = 3.0 }
epochs = 30
batch_size = 10
seed = 0
"""

DOCUMENT = {
    "network": {
        "input_shape": [64],
        "layers": [
            {"kind": "dense", "units": 30},
            {"kind": "sigmoid"},
            {"kind": "test.dense", "units": 10, "weights": {"kind": "normal", "deviation": 1e-3}, "name": "head"},
            {"kind": "sigmoid"},
        ],
        "cost": {"kind": "quadratic"},
    },
    "training": {
        "optimizer": {"kind": "gradient_descent", "learning_rate": 3.0},
        "epochs": 30,
        "batch_size": 10,
        "seed": 0,
    },
    "data": {"kind": "digits"},
}


@pytest.fixture
def expected(kinds):
    dense, sigmoid = kinds["Dense"], kinds["Sigmoid"]
    network = network_spec(
        [
            dense(units=30),
            sigmoid(),
            node(dense(units=10, weights=kinds["Normal"](deviation=0.001)), name="head"),
            sigmoid(),
        ],
        input_shape=(64,),
        cost=kinds["QuadraticCost"](),
    )
    return (
        network,
        TrainingSpec(optimizer=kinds["GradientDescent"](learning_rate=3.0), batch_size=10, seed=0),
        DigitsData(),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.yaml", YAML),
        ("s.yml", YAML),
        ("s.YAML", "\ufeff" + YAML),
        ("s.json", json.dumps(DOCUMENT)),
        ("s.toml", TOML),
    ],
)
def test_every_file_type_says_the_same(tmp_path, registry, expected, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    for source in (path, str(path)):
        spec = read_spec(source, registry)
        assert (spec.network, spec.training, spec.data) == expected


def test_a_mapping_and_a_text_say_the_same(registry, expected):
    for spec in (read_spec(DOCUMENT, registry), read_spec(YAML, registry), parse_spec(YAML, registry)):
        assert (spec.network, spec.training, spec.data) == expected


def test_an_instance_may_stand_in_a_mappings_place(registry, kinds, expected):
    document = {
        "network": {
            "input_shape": (64,),
            "layers": [
                kinds["Dense"](units=30),
                NodeSpec(component=kinds["Sigmoid"]()),
                {"kind": "dense", "units": 10, "weights": kinds["Normal"](deviation=1e-3), "name": "head"},
                {"kind": "sigmoid"},
            ],
            "cost": kinds["QuadraticCost"](),
        },
        "training": {"optimizer": kinds["GradientDescent"](learning_rate=3), "batch_size": 10, "seed": 0},
        "data": DigitsData(),
    }
    spec = read_spec(document, registry)
    assert (spec.network, spec.training, spec.data) == expected


def test_a_graph_is_read_with_several_inputs_outputs_and_costs(registry, kinds):
    spec = parse_spec(
        """
        network:
          inputs: {a: [1], b: [1]}
          nodes:
            c: {kind: test.add, inputs: [a, b]}
            d: {kind: sigmoid, inputs: b}
            on: {kind: sigmoid, inputs: [c], share: d}
          output: [on, d]
          cost: {on: {kind: quadratic, weight: 2}}
          dtype: float32
          seed: 7
        """,
        registry,
    )
    add, sigmoid = kinds["Add"](), kinds["Sigmoid"]()
    assert spec.network == network_spec(
        nodes={"c": node(add, "a", "b"), "d": node(sigmoid, "b"), "on": node(sigmoid, "c", share="d")},
        inputs={"a": (1,), "b": (1,)},
        output=["on", "d"],
        cost={"on": kinds["QuadraticCost"](weight=2)},
        dtype="float32",
        seed=7,
    )
    assert spec.training is spec.data is None


def test_an_output_may_be_named_kind(registry):
    text = "network: {input_shape: [1], layers: [{kind: sigmoid, name: kind}], cost: {kind: {kind: quadratic}}}\n"
    assert list(parse_spec(text, registry).network.cost) == ["kind"]


def test_components_nest_to_any_depth(registry, kinds):
    text = """
    network:
      input_shape: [1]
      layers:
        - kind: dense
          units: 1
          weights: {kind: mixture, parts: [{kind: normal}, {kind: mixture, parts: [{kind: normal, deviation: 2}]}]}
          biases: {kind: normal}
        - {kind: recurrent, inner: {kind: sigmoid}}
        - {kind: odd, exact: {deviation: 3}, component: 5}
    """
    normal, mixture = kinds["Normal"], kinds["Mixture"]
    components = [each.component for each in parse_spec(text, registry).network.nodes]
    inner = mixture(parts=(normal(deviation=2),))
    assert components == [
        kinds["Dense"](units=1, weights=mixture(parts=(normal(), inner)), biases=normal()),
        kinds["Recurrent"](inner=kinds["Sigmoid"]()),
        kinds["Odd"](exact=normal(deviation=3), component=5),
    ]


# ---- files that cannot be read


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("spec.txt", b"network: 1", "does not end like a spec's"),
        ("spec", b"network: 1", "does not end like a spec's"),
        ("s.yaml", b"", "is empty"),
        ("s.yaml", b"# nothing\n", "is empty"),
        ("s.json", b"  ", "is empty"),
        ("s.json", b"{}", "is empty"),
        ("s.toml", b"", "is empty"),
        ("s.yaml", b"network: \xff", "is not UTF-8"),
        ("s.yaml", b"network: \x00", "a character that YAML does not allow"),
        ("s.yaml", b"network: {a: [1\n", "line 2, column 1"),
        ("s.yaml", b"network:\n\ta: 1\n", "line 2, column 1"),
        ("s.yaml", b"a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "line 5, column 3: the key 'c' stands here twice"),
        ("s.yaml", b"a: 1\n---\nb: 1\n", "line 2"),
        ("s.yaml", b"1: 2\n", "the key 1 is no text"),
        ("s.yaml", b"[1]: 2\n", "no text"),
        ("s.json", b'{"network": ', "line 1, column 13"),
        ("s.json", b'{"a": 1,\n "a": 2}', "line 2, column 2: the key 'a' stands here twice"),
        ("s.toml", b"a = 1\na = 2\n", "line 2"),
        ("s.toml", b"a = ", "at end of document"),
        ("s.json", b"[" * 100_000, "nested too deeply"),
        ("s.yaml", b"[" * 100_000, "nested too deeply"),
        ("s.toml", b"a = " + b"[" * 100_000, "nested too deeply"),
        ("s.json", b'{"a": ' * 101 + b"1" + b"}" * 101, "nested too deeply"),
        (
            "s.yaml",
            b"".join(b"a%d: &a%d [%s]\n" % (k, k, b"*a%d" % (k - 1) if k else b"") for k in range(101)),
            "deeply",
        ),
        ("s.toml", b".".join([b"a"] * 100_000) + b" = 1", "nested too deeply"),
        ("s.toml", b"".join(b"a%d." % k + b".".join([b"b"] * 50) + b" = 1\n" for k in range(2500)), "deeply"),
        ("s.yaml", b"a: [" + b"1," * 110_000 + b"]", "too many values"),
        ("s.json", b'{"a": [' + b"1," * 1_000_000 + b"1]}", "too many values"),
        ("s.toml", b"a = [" + b"1," * 110_000 + b"]", "too many values"),
        ("s.json", b'{"a": %d}' % 2**257, "a whole number is too long"),
        ("s.yaml", b"a: " + b"1" * 5000, "integer"),
        ("s.json", b'{"a": ' + b"1" * 5000 + b"}", "integer"),
        ("s.toml", b"a = " + b"1" * 5000, "integer"),
    ],
)
def test_a_file_that_cannot_be_read_tells_why_and_where(tmp_path, registry, name, content, problem):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SpecFileError) as caught:
        read_spec(path, registry)
    assert problem in caught.value.problem
    assert str(path) in caught.value.problem


def test_a_missing_file_names_one_that_is_there(tmp_path, registry):
    (tmp_path / "train.yaml").write_text(YAML)
    with pytest.raises(SpecFileError, match="does not exist") as caught:
        read_spec(tmp_path / "tarin.yaml", registry)
    assert "train.yaml" in caught.value.hint


def test_a_folder_is_no_spec(tmp_path, registry):
    with pytest.raises(SpecFileError, match="is a folder"):
        read_spec(tmp_path, registry)


def test_a_huge_file_is_refused_unread(tmp_path, registry):
    path = tmp_path / "s.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(SpecFileError, match="too large"):
        read_spec(path, registry)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.json", '{"a": ' * 99 + "1" + "}" * 99),
        ("s.toml", f"a = {2**255}"),
    ],
)
def test_a_text_within_the_bounds_is_a_mistake_of_its_content(tmp_path, registry, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(SpecError) as caught:
        read_spec(tmp_path / name, registry)
    assert type(caught.value) is SpecError


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_is_no_spec_and_is_not_waited_for(tmp_path, registry):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "s.yaml").symlink_to("pipe")
    with pytest.raises(SpecFileError, match="cannot be read") as caught:
        read_spec(tmp_path / "s.yaml", registry)
    assert caught.value.received == "it is a named pipe"


# ---- YAML is data


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system ['touch ran']",
        "!!python/name:os.system",
        "!!python/object/new:subprocess.Popen [['touch', 'ran']]",
        "!custom {a: 1}",
    ],
)
def test_a_tag_is_refused_and_nothing_runs(tmp_path, monkeypatch, registry, value):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecFileError, match="tag") as caught:
        parse_spec(f"network: {value}\n", registry)
    assert "nothing in it is imported or run" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_aliases_are_written_out_up_to_a_limit(registry):
    parse_spec(
        "network: {input_shape: [1], layers: [&a {kind: dense, units: 2}, *a]}\n",
        registry,
    )
    levels = [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]" for i in range(1, 30)]
    with pytest.raises(SpecFileError, match="too many values"):
        parse_spec("a0: &a0 [1]\n" + "\n".join(levels) + "\n", registry)


def test_a_value_that_contains_itself_is_refused(registry):
    with pytest.raises(SpecFileError, match="contains itself"):
        parse_spec("network: &a [*a]\n", registry)


# ---- content that is wrong as a whole


@pytest.mark.parametrize("document", [[1], "network", 3, None])
def test_a_spec_is_a_mapping(tmp_path, registry, document):
    path = tmp_path / "s.json"
    path.write_text(json.dumps(document))
    with pytest.raises(SpecError):
        read_spec(path, registry)


@pytest.mark.parametrize(
    ("network", "problem"),
    [
        ("{input_shape: [1]}", "layers or as nodes"),
        ("{input_shape: [1], layers: [{kind: sigmoid}], nodes: {a: {kind: sigmoid}}}", "layers or as nodes"),
        ("{layers: [{kind: sigmoid}]}", "feature shapes of its inputs"),
        ("{input_shape: [1], inputs: {a: [1]}, layers: [{kind: sigmoid}]}", "feature shapes of its inputs"),
        ("{input_shape: [1], layers: []}", "at least one node"),
        ("{input_shape: [1], nodes: {a: {kind: sigmoid}}}", "does not say what it reads from"),
        ("{input_shape: [1], nodes: {a: {kind: sigmoid, inputs: x, name: b}}}", "also named 'b'"),
    ],
)
def test_a_network_that_is_not_said_in_full_is_refused(registry, network, problem):
    with pytest.raises((SpecError, GraphError), match=problem):
        parse_spec(f"network: {network}\n", registry)

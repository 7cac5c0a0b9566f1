"""A data section feeds one input and one target, and says so of a network of more."""

from __future__ import annotations

from pathlib import Path

import pytest

from bpframe.documents import read_spec
from bpframe.errors import SpecError
from bpframe.runs import prepare_experiment

TWO_INPUTS = """
network:
  inputs: {x: [5, 2], lengths: []}
  layers:
    - {kind: masked_lstm, inputs: [x, lengths], units: 4}
  cost: {kind: quadratic}
"""
TWO_TARGETS = """
network:
  input_shape: [5]
  layers: [{kind: dense, name: a, units: 2}, {kind: dense, name: b, units: 2}]
  output: [a, b]
  cost: {a: {kind: quadratic}, b: {kind: quadratic}}
"""


@pytest.mark.parametrize(("network", "said"), [(TWO_INPUTS, "x, lengths"), (TWO_TARGETS, "a, b")])
def test_it_is_refused_before_the_data_are_read_with_the_way_from_python(
    tmp_path: Path, network: str, said: str
) -> None:
    more = "training: {optimizer: {kind: adam}}\ndata: {kind: npz, path: missing.npz}\n"
    (tmp_path / "spec.yaml").write_text(network + more)
    with pytest.raises(SpecError, match="the section 'data' feeds a network of one") as raised:
        prepare_experiment(read_spec(tmp_path / "spec.yaml"), tmp_path)
    assert raised.value.received == said
    assert "Network.from_spec" in str(raised.value.hint)

"""Recurrent layers: ONNX has steps first, gates in another order, and an axis for directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from bpframe_sequence import Gru, Lstm, MaskedGru, MaskedLstm, MaskedSimpleRnn, SimpleRnn

from onnx_nodes.case import Case, NotExpressed
from onnx_nodes.rules.registry import Array, InPart, numbers, rule
from onnx_nodes.running import output_of

#: For each block of rows here, which block it is in ONNX.
ORDERS = {"RNN": [0], "LSTM": [0, 2, 3, 1], "GRU": [1, 0, 2]}
LAYERS: dict[str, Any] = {"RNN": (SimpleRnn, MaskedSimpleRnn), "LSTM": (Lstm, MaskedLstm), "GRU": (Gru, MaskedGru)}


@rule(*LAYERS)
def recurrent(case: Case) -> Any:
    x, w, u = numbers(case, 0, 1, 2)
    if case.attribute("layout", 0) == 0:
        x = x.swapaxes(0, 1)
    batch, times, _ = x.shape
    refuse(case)
    units, ways = case.attribute("hidden_size"), len(w)
    biases = np.zeros_like(w, shape=(ways, 2 * w.shape[1])) if case.input(3) is None else case.input(3)
    parameters: dict[str, Array] = {}
    for way, end in zip(range(ways), ("", "_backward"), strict=False):
        parameters[f"w{end}"] = ordered(case.operator, w[way])
        parameters[f"u{end}"] = ordered(case.operator, u[way])
        of_input, of_state = (ordered(case.operator, each) for each in np.split(biases[way], 2))
        parameters[f"b{end}"] = of_input + of_state if case.operator != "GRU" else gru_biases(case, of_input, of_state)
    reverse = case.attribute("direction", "forward") == "reverse"
    lengths = case.input(4)
    masked = lengths is not None and any(lengths != times)
    if masked and reverse:
        raise NotExpressed("from the end, of different lengths")
    inputs = [x[:, ::-1] if reverse else x, *([lengths] if masked else [])]

    def run(all_steps: bool) -> Array:
        fields = {"units": units, "bidirectional": ways == 2, "return_sequences": all_steps}
        if case.operator == "GRU":
            fields["reset_after"] = resets_after(case)
        return output_of(LAYERS[case.operator][masked](**fields), inputs, parameters)

    found: list[Array | None] = []
    if case.outputs[0] is not None:
        whole = run(True)
        whole = (whole[:, ::-1] if reverse else whole).reshape(batch, times, ways, units)
        found.append(whole if case.attribute("layout", 0) else whole.transpose(1, 2, 0, 3))
    else:
        found.append(None)
    if len(case.outputs) > 1:
        last = run(False).reshape(batch, ways, units)
        found.append(last if case.attribute("layout", 0) else last.swapaxes(0, 1))
    if len(case.outputs) > 2:
        return InPart([*found, None], "the cells are kept inside, and are no output")
    return found


def refuse(case: Case) -> None:
    """Refuse what recurrent layers here do not have."""
    case.refuse_attributes(
        clip="with clipped gates", activations="with other activations", input_forget="with coupled gates"
    )
    starts = [case.input(5), case.input(6) if case.operator == "LSTM" else None]
    if any(each is not None and each.any() for each in starts):
        raise NotExpressed("from a state that is given: loops start at 0")
    if case.operator == "LSTM" and case.input(7) is not None and case.input(7).any():
        raise NotExpressed("with peepholes: lstm has none, as PyTorch's and Keras's")


def resets_after(case: Case) -> bool:
    return bool(case.attribute("linear_before_reset", 0))


def gru_biases(case: Case, of_input: Array, of_state: Array) -> Array:
    """Those of r, z and n; and of q, where the reset gate is behind the matrix."""
    if not resets_after(case):
        return of_input + of_state
    end = 2 * case.attribute("hidden_size")
    return np.concatenate([(of_input + of_state)[:end], of_input[end:], of_state[end:]])


def ordered(operator: str, rows: Array) -> Array:
    """Put blocks of rows into the order that they have here."""
    order: Sequence[int] = ORDERS[operator]
    return np.concatenate([np.split(rows, len(order))[place] for place in order])

"""Recurrent layers, attention and embeddings beside PyTorch's: values, all gradients, packed sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from bpframe_sequence import Gru, Lstm, MaskedGru, MaskedLstm, MaskedSimpleRnn, SimpleRnn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.peers.beside_torch import compare

KINDS = {
    "rnn": (torch.nn.RNN, SimpleRnn, MaskedSimpleRnn),
    "lstm": (torch.nn.LSTM, Lstm, MaskedLstm),
    "gru": (torch.nn.GRU, Gru, MaskedGru),
}


def weights_of(t: Mapping[str, Any], kind: str, units: int) -> list[Any]:
    """PyTorch's weights of ours: the conversion that the docstrings state."""
    found = []
    for end in ("", "_backward") if "w_backward" in t else ("",):
        w, u, b = (t[key + end] for key in "wub")
        rows = w.shape[0]
        zeros = torch.zeros(rows, dtype=b.dtype)
        if kind == "gru":
            found += [w, u, b[:rows], torch.cat([zeros[: 2 * units], b[rows:]])]
        else:
            found += [w, u, b, zeros]
    return found


def by_torch(kind: str, units: int, sequences: bool, both: bool) -> Callable[[Mapping[str, Any]], Any]:
    module = KINDS[kind][0](2, units, batch_first=True, bidirectional=both).double()
    names = [name for name, _ in module.named_parameters()]

    def function(t: Mapping[str, Any]) -> Any:
        x = t["x"]
        given = dict(zip(names, weights_of(t, kind, units), strict=True))
        times = x.shape[1]
        lengths = t.get("mask")
        if lengths is not None:
            real = lengths if lengths.ndim == 1 else (lengths != 0).sum(dim=1)
            x = pack_padded_sequence(x, real.clamp(1, times), batch_first=True, enforce_sorted=False)
        shown, state = torch.func.functional_call(module, given, (x,))
        if lengths is not None:
            shown, _ = pad_packed_sequence(shown, batch_first=True, total_length=times)
        if sequences:
            return shown
        last = state[0] if kind == "lstm" else state
        return torch.cat(list(last), dim=-1)

    return function


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("both", [True, False])
def test_a_recurrent_layer_is_pytorchs(kind: str, sequences: bool, both: bool) -> None:
    layer = KINDS[kind][1](units=3, return_sequences=sequences, bidirectional=both)
    compare(layer, [(5, 2)], by_torch(kind, 3, sequences, both))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sequences", [True, False])
def test_masks_are_pytorchs_packed_sequences(kind: str, sequences: bool) -> None:
    layer = KINDS[kind][2](units=2, return_sequences=sequences, bidirectional=True)

    def lengths(rng: np.random.Generator, batch: int) -> dict[str, np.ndarray]:
        return {"mask": rng.integers(1, 6, batch)}

    def mask(rng: np.random.Generator, batch: int) -> dict[str, np.ndarray]:
        return {"mask": (np.arange(5) < rng.integers(1, 6, (batch, 1))) * rng.integers(1, 9, (batch, 5))}

    compare(layer, [(5, 2), ()], by_torch(kind, 2, sequences, True), constants=lengths)
    compare(layer, [(5, 2), (5,)], by_torch(kind, 2, sequences, True), constants=mask)

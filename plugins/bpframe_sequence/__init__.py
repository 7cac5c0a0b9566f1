"""Sequences: embeddings, recurrent layers, attention and transformers."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_sequence.gru import Gru, MaskedGru
from bpframe_sequence.lstm import ForgetBias, Lstm, MaskedLstm
from bpframe_sequence.simple_rnn import MaskedSimpleRnn, SimpleRnn

__all__ = ["ForgetBias", "Gru", "Lstm", "MaskedGru", "MaskedLstm", "MaskedSimpleRnn", "SimpleRnn"]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        ForgetBias,
        Gru,
        Lstm,
        MaskedGru,
        MaskedLstm,
        MaskedSimpleRnn,
        SimpleRnn,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (ForgetBias(), ((8,),)),
        (Gru(units=2), ((3, 2),)),
        (Gru(units=2, return_sequences=True, bidirectional=True), ((3, 2),)),
        (Lstm(units=2), ((3, 2),)),
        (Lstm(units=2, return_sequences=True, bidirectional=True), ((3, 2),)),
        (MaskedGru(units=2), ((3, 2), ())),
        (MaskedGru(units=2, return_sequences=True, bidirectional=True), ((3, 2), (3,))),
        (MaskedLstm(units=2), ((3, 2), ())),
        (MaskedLstm(units=2, return_sequences=True, bidirectional=True), ((3, 2), (3,))),
        (MaskedSimpleRnn(units=2, return_sequences=True, bidirectional=True), ((3, 2), (3,))),
        (MaskedSimpleRnn(units=2), ((3, 2), ())),
        (SimpleRnn(units=2), ((3, 2),)),
        (SimpleRnn(units=2, return_sequences=True, bidirectional=True), ((3, 2),)),
    ]

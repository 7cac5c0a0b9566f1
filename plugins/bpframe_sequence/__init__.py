"""Sequences: embeddings, recurrent layers, attention and transformers."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_sequence.attention import Attention, MaskedAttention
from bpframe_sequence.embedding import Embedding
from bpframe_sequence.gru import Gru, MaskedGru
from bpframe_sequence.lstm import ForgetBias, Lstm, MaskedLstm
from bpframe_sequence.multi_head_attention import CrossAttention, MaskedMultiHeadAttention, MultiHeadAttention
from bpframe_sequence.positional_encoding import PositionalEncoding
from bpframe_sequence.self_attention import MaskedSelfAttention, SelfAttention
from bpframe_sequence.simple_rnn import MaskedSimpleRnn, SimpleRnn
from bpframe_sequence.transformer_block import MaskedTransformerBlock, TransformerBlock

__all__ = [
    "Attention",
    "CrossAttention",
    "Embedding",
    "ForgetBias",
    "Gru",
    "Lstm",
    "MaskedAttention",
    "MaskedGru",
    "MaskedLstm",
    "MaskedMultiHeadAttention",
    "MaskedSelfAttention",
    "MaskedSimpleRnn",
    "MaskedTransformerBlock",
    "MultiHeadAttention",
    "PositionalEncoding",
    "SelfAttention",
    "SimpleRnn",
    "TransformerBlock",
]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Attention,
        CrossAttention,
        Embedding,
        ForgetBias,
        Gru,
        Lstm,
        MaskedAttention,
        MaskedGru,
        MaskedLstm,
        MaskedMultiHeadAttention,
        MaskedSelfAttention,
        MaskedSimpleRnn,
        MaskedTransformerBlock,
        MultiHeadAttention,
        PositionalEncoding,
        SelfAttention,
        SimpleRnn,
        TransformerBlock,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (Attention(), ((3, 2), (4, 2), (4, 3))),
        (Attention(heads=2, causal=True), ((3, 4), (3, 4), (3, 2))),
        (CrossAttention(heads=2), ((3, 4), (2, 3))),
        (Embedding(size=5, units=2), ((3,),)),
        (Embedding(size=4, units=2, mask_zero=True), ((3,),)),
        (ForgetBias(), ((8,),)),
        (Gru(units=2, truncate=3), ((3, 2),)),
        (Gru(units=2, return_sequences=True, bidirectional=True), ((3, 2),)),
        (Gru(units=2, reset_after=False, return_sequences=True, bidirectional=True), ((3, 2),)),
        (Lstm(units=2), ((3, 2),)),
        (Lstm(units=2, return_sequences=True, bidirectional=True), ((3, 2),)),
        (MaskedAttention(heads=2), ((3, 4), (2, 4), (2, 2), (2,))),
        (MaskedGru(units=2), ((3, 2), ())),
        (MaskedGru(units=2, return_sequences=True, bidirectional=True), ((3, 2), (3,))),
        (MaskedGru(units=2, reset_after=False, return_sequences=True, bidirectional=True), ((3, 2), (3,))),
        (MaskedLstm(units=2), ((3, 2), ())),
        (MaskedLstm(units=2, return_sequences=True, bidirectional=True), ((3, 2), (3,))),
        (MaskedMultiHeadAttention(heads=2), ((3, 4), (3,))),
        (MaskedSelfAttention(causal=True), ((3, 6), ())),
        (MaskedSimpleRnn(units=2, return_sequences=True, bidirectional=True), ((3, 2), (3,))),
        (MaskedSimpleRnn(units=2), ((3, 2), ())),
        (MaskedTransformerBlock(heads=1, units=3), ((3, 2), (3,))),
        (MultiHeadAttention(heads=2, causal=True), ((3, 4),)),
        (PositionalEncoding(), ((4, 3),)),
        (PositionalEncoding(length=5), ((4, 3),)),
        (SelfAttention(heads=2), ((3, 12),)),
        (SimpleRnn(units=2), ((3, 2),)),
        (SimpleRnn(units=2, return_sequences=True, bidirectional=True), ((3, 2),)),
        (TransformerBlock(heads=2, units=3), ((3, 4),)),
        (TransformerBlock(heads=1, norm_first=False, rate=0.2), ((2, 3),)),
    ]

"""Why is a number what it is?

One example through a network, with every number shown: the forward pass, BP1 to BP4, the gradient beside derivatives by
number, a step of gradient descent. First the data, an `Explanation`, then views of it. Start with `worked.py` and
`notation.py`, then `forward.py` and `backward.py`.
"""

from __future__ import annotations

from bpframe.explanation.building import explanation_of
from bpframe.explanation.explanation import Explanation
from bpframe.explanation.flow import ErrorFlow, LayerFlow, error_flow_of
from bpframe.explanation.paths import growth
from bpframe.explanation.saving import view_of
from bpframe.explanation.schema import json_schema
from bpframe.explanation.sections import FORMAT

__all__ = [
    "FORMAT",
    "ErrorFlow",
    "Explanation",
    "LayerFlow",
    "error_flow_of",
    "explanation_of",
    "growth",
    "json_schema",
    "view_of",
]

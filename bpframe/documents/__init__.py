"""How is a spec file read and written?

What the user wrote: networks, training and data as plain validated values, from Python or from YAML, TOML and JSON, and
the JSON Schema by which an editor completes them. In goes a file or a mapping; out comes a `RunSpec`, and back. Start
with `document.py`, then `reading.py` and `writing.py`.
"""

from bpframe.core.graph.description import NetworkSpec, NodeSpec, node
from bpframe.documents.document import RunSpec, resolve_spec
from bpframe.documents.reading import parse_spec, read_spec
from bpframe.documents.schema import json_schema
from bpframe.documents.writing import component_document, network_document, spec_document, write_spec
from bpframe.documents.written_out import network_spec
from bpframe.training.spec import TrainingSpec

__all__ = [
    "NetworkSpec",
    "NodeSpec",
    "RunSpec",
    "TrainingSpec",
    "component_document",
    "json_schema",
    "network_document",
    "network_spec",
    "node",
    "parse_spec",
    "read_spec",
    "resolve_spec",
    "spec_document",
    "write_spec",
]

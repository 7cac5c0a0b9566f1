"""bpframe schema: what an editor checks and completes specs with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bpframe.cli.output import json_alone, json_text, print_json, written_file

__all__ = ["schema"]


def schema(
    ctx: typer.Context,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file for it; printed if left out.")] = None,
) -> None:
    """Print the JSON Schema of spec files.

    It knows every installed component; an editor completes from it.

    Example: bpframe schema --output bpframe.schema.json
    """
    from bpframe.documents import json_schema
    from bpframe.errors import SpecFileError

    json_alone(ctx, output is None)
    found = json_schema()
    if output is None:
        print_json(found)
        return
    with written_file(output, SpecFileError) as file:
        file.write(json_text(found).encode() + b"\n")
    print(f"The schema is in {output}. An editor uses it for a spec that begins with the line", file=sys.stderr)
    print(f"# yaml-language-server: $schema={output}", file=sys.stderr)

"""bpframe schema: what an editor checks and completes specs with."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from bpframe.cli.output import whole_file

__all__ = ["schema"]


def schema(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file for it; printed if left out.")] = None,
) -> None:
    """Print the JSON Schema of spec files.

    It knows every installed component; an editor completes from it.

    Example: bpframe schema --output bpframe.schema.json
    """
    from bpframe.errors import SpecFileError
    from bpframe.spec import json_schema

    text = json.dumps(json_schema(), indent=2)
    if output is None:
        print(text)
        return
    with whole_file(output, SpecFileError) as file:
        file.write(text.encode() + b"\n")
    print(f"The schema is in {output}. An editor uses it for a spec that begins with the line", file=sys.stderr)
    print(f"# yaml-language-server: $schema={output}", file=sys.stderr)

"""A project that begins with one of the shipped examples: its spec, its script, its data, and a README."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from string import Template

from bpframe.checkpoint.folder import check_destination, new_folder, resolved
from bpframe.errors import CheckpointError, ScaffoldError, did_you_mean
from bpframe.examples import example_named

__all__ = ["TEMPLATES", "new_project"]

#: The templates of projects -> the examples that they begin with.
TEMPLATES: dict[str, str] = {
    "image": "lenet",
    "text": "transformer",
    "series": "lstm",
    "tabular": "uncertainty",
}

#: What to change first, for data of one's own.
_OWN_DATA = {
    "image": """\
`data: {kind: images, path: FOLDER, mode: grey, size: [8, 8]}`, with one folder of images for each class; the shape in
`input_shape` is [height, width, channels].""",
    "text": """\
`data: {kind: text, path: FILE.txt, length: ...}`; the embedding's `size` and the last layer's `units` are the number of
tokens, which the error message names where it differs.""",
    "series": """\
`data: {kind: series, path: FILE.csv, columns: [...], length: ..., test_fraction: 0.2, scaling: standard}`; the shape in
`input_shape` is [length, columns]. Targets stay in their own units: of a series far from 0 give the last layer its
level, `biases: {kind: constant, value: 100.0}`.""",
    "tabular": "Put another CSV file in the place of the one here, and name its target columns in `data`.",
}


def new_project(folder: str | os.PathLike[str], template: str) -> Path:
    """Write a project that begins with the example of a template, and return its folder; it runs at once.

    Errors: ScaffoldError (there is no such template, or the folder exists or cannot be written; then nothing is).
    """
    if template not in TEMPLATES:
        raise ScaffoldError(
            f"a project cannot begin with the template {template!r}",
            expected=", ".join(TEMPLATES),
            received=repr(template),
            hint=did_you_mean(template, list(TEMPLATES)),
        )
    example, target = example_named(TEMPLATES[template]), Path(folder)
    source = files("bpframe.scaffold") / "templates" / "project" / "README.md.template"
    readme = Template(source.read_text(encoding="utf-8")).substitute(
        name=resolved(target).name, story=example.story, example=example.name, own_data=_OWN_DATA[template]
    )
    try:
        check_destination(target)
        with new_folder(resolved(target), overwrite=False, files=()) as draft:
            for file in example.files:
                (draft / file.name).write_bytes(file.read_bytes())
            (draft / "README.md").write_text(readme, encoding="utf-8", newline="\n")
    except CheckpointError as error:
        raise ScaffoldError(error.problem, expected=error.expected, received=error.received, hint=error.hint) from None
    return target

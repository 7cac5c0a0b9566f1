"""The commands together. Importing this loads no numbers: each command imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from bpframe._version import __version__
from bpframe.cli.check import check
from bpframe.cli.demo import demo
from bpframe.cli.doctor import doctor
from bpframe.cli.evaluate import evaluate
from bpframe.cli.explain import explain
from bpframe.cli.failures import Guarded, end_in_time, ended_well
from bpframe.cli.kernel import start_with_better_kernel
from bpframe.cli.new import new
from bpframe.cli.output import prepare_streams
from bpframe.cli.plugins import plugins
from bpframe.cli.predict import predict
from bpframe.cli.range_test import range_test
from bpframe.cli.runs import runs
from bpframe.cli.schema import schema
from bpframe.cli.train import train
from bpframe.cli.verbose import telling

__all__ = ["app", "main"]

app = typer.Typer(
    name="bpframe",
    cls=Guarded,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"bpframe {__version__}")
        raise typer.Exit


@app.callback()
def bpframe(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Back-propagation from declared local Jacobians.

    Begin with: bpframe demo
    """


for command in (demo, train, runs, range_test, evaluate, predict, explain, check, plugins, new, schema, doctor):
    app.command()(telling(command))


def main() -> None:
    """Run the command line.

    Exit codes: 0 done, 2 the user's mistake, 1 a defect of bpframe, 130 interrupted.
    """
    prepare_streams()
    start_with_better_kernel(sys.argv[1:])
    # No command needs plugins of pydantic, and one distribution with a malformed entry_points.txt would, on its search
    # for them, end every command.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        try:
            with ended_well():  # what is printed before a command is chosen: help, the version, completions
                try:
                    app()
                finally:
                    sys.stdout.flush()
        except typer.Exit as ended:
            sys.exit(ended.exit_code)
    except SystemExit as ended:
        end_in_time(ended.code)
        raise

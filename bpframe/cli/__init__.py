"""The command line: thin commands over what Python users can call."""

from bpframe.cli.app import main

__all__ = ["main"]

"""What does a person type?

The command line: a file for each command, thin over what Python users can call. In go words and files; out come text,
results on standard output, and an exit code that says what went wrong. Start with `app.py`.
"""

from bpframe.cli.app import main

__all__ = ["main"]

"""What bpframe tells the loggers of the standard library: nothing is shown unless a program listens."""

from __future__ import annotations

import logging

__all__ = ["logger_of"]

logging.getLogger("bpframe").addHandler(logging.NullHandler())


def logger_of(module: str) -> logging.Logger:
    """Return the logger of a module of bpframe, by its name.

    INFO tells what begins, ends and is written; DEBUG every epoch; WARNING what was refused, or done another way.
    """
    return logging.getLogger(module)

"""How does a network learn?

By `fit`, epoch after epoch, or step by step: the methods of `Network` that move parameters, with checked arrays and the
words of users. In goes what a user says, out comes the history; `training/` does the work. Start with `fitting.py`.
"""

from bpframe.trainable.resuming import Resumable

__all__ = ["Resumable"]

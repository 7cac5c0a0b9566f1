"""Functions of their arguments that fill arrays of their own."""

from __future__ import annotations

import numpy as np

from .registry import Plain, behaviour


@behaviour()
class ChangesCopy(Plain):
    def forward(self, x):
        y = x.copy()
        y *= 0.5
        y[y < 0] = 0.0
        y[..., 0] += 1.0
        return y


@behaviour()
class CopiedInto(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        np.copyto(y, 0.5 * x, where=x > 0)
        return y + 0.1 * x


@behaviour()
class PutMask(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        np.putmask(y, x > 0, 0.5 * x)
        return y + 0.1 * x


@behaviour("flat")
class Put(Plain):
    def forward(self, x):
        y = np.ones(x.shape, x.dtype)
        np.put(y, np.arange(x.size), 0.5 * x)
        return y + 0.1 * x


@behaviour()
class Placed(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        np.place(y, np.ones(x.shape, bool), 0.5 * x)
        return y + 0.1 * x


@behaviour()
class PutAlong(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        np.put_along_axis(y, np.argsort(x, axis=-1), 0.5 * x, axis=-1)
        return y + 0.1 * x


@behaviour()
class AddedAt(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        np.add.at(y, np.arange(len(x)), 0.5 * x)
        return y + 0.1 * x


@behaviour()
class AddsOwn(Plain):
    """What it adds it has written into an array of its own."""

    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        y[..., 0] = np.tanh(x[..., 0])
        return 0.5 * x + y


@behaviour("flat")
class AddsRows(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        for row in range(len(x)):
            y[row] = np.sin(x[row])
        return x + 0.5 * y


@behaviour()
class AddsOut(Plain):
    def forward(self, x):
        y = np.empty(x.shape, x.dtype)
        np.multiply(x, x, out=y)
        return x - 0.1 * y


@behaviour("flat")
class FilledBefore(Plain):
    """A plain array is filled, and read by another that is."""

    def forward(self, x):
        means = np.zeros(x.shape[1], x.dtype)
        np.add.at(means, np.arange(x.shape[1]), x.mean(axis=0))
        y = np.empty_like(x)
        np.copyto(y, means)
        return x - y


@behaviour()
class IntoEmpty(Plain):
    def forward(self, x):
        y = np.empty(x.shape, x.dtype)
        np.sin(x, out=y)
        return y


@behaviour()
class ItemsInto(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        y[...] = 0.25 * x
        y[..., -1] = np.tanh(x[..., 0])
        return y


@behaviour("slow", "flat")
class RowsInto(Plain):
    def forward(self, x):
        y = np.empty(x.shape, x.dtype)
        for row in range(len(x)):
            y[row] = 0.5 * x[row] - 0.1 * row
        return y


@behaviour("flat")
class FilledDiagonal(Plain):
    def forward(self, x):
        m = np.zeros((x.shape[1], x.shape[1]), x.dtype)
        np.fill_diagonal(m, np.tanh(x.sum(axis=0)))
        return x @ m


@behaviour()
class SortsCopy(Plain):
    def forward(self, x):
        y = np.array(x)
        y.sort(axis=-1)
        return 0.5 * y

"""A scaling of inputs that outliers do not move."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Preparation

__all__ = ["Robust"]


class Robust(Preparation):
    """The median becomes 0, and the middle half of the numbers has a width of 1.

        x' = (x − q_{1/2}) / (q_{3/4} − q_{1/4})

    for each entry by itself; where the middle half is one number, its scale is 1.

    Source: Huber, *Robust Statistics* (1981), section 5.1; scikit-learn's `RobustScaler`.
    """

    def fit(self, x: Array) -> tuple[Array, Array]:
        """Return medians and widths."""
        lower, median, upper = np.quantile(x, (0.25, 0.5, 0.75), axis=0)
        width = upper - lower
        return median, np.where(width > 0, width, 1.0)

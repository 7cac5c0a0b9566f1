"""How is a formula fitted?

A formula's parameters from data by least squares, with covariance, standard errors and a summary.

    fit = bpframe.fit_curve(lambda x, a, k: a * np.exp(-k * x), x, y, start={"a": 1, "k": 1})
    print(fit.summary())

In go a function or a layer, points and values; out comes a `CurveFit`, with the verdict whether it ended at a minimum.
Start with `fitting.py`, then `function_fit.py` and `network_fit.py`.
"""

from bpframe.curve_fitting.covariance import Covariance
from bpframe.curve_fitting.fit_summary import FitSummary
from bpframe.curve_fitting.fitting import fit_curve
from bpframe.curve_fitting.network_fit import covariance
from bpframe.curve_fitting.result import CurveFit
from bpframe.curve_fitting.verdict import Verdict

__all__ = ["Covariance", "CurveFit", "FitSummary", "Verdict", "covariance", "fit_curve"]

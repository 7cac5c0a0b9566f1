"""How is a formula fitted?

A formula's parameters from data by least squares, with covariance, standard errors and a summary.

    fit = bpframe.fit_curve(layer, x, y, sigma=sigma)
    print(fit.summary())

In go a layer, points and values; out comes a `CurveFit`, with the verdict whether it ended at a minimum. Start with
`fitting.py`, then `fitted_network.py`.
"""

from bpframe.curve_fitting.covariance import Covariance
from bpframe.curve_fitting.fit_summary import FitSummary
from bpframe.curve_fitting.fitting import covariance, fit_curve
from bpframe.curve_fitting.result import CurveFit
from bpframe.curve_fitting.verdict import Verdict

__all__ = ["Covariance", "CurveFit", "FitSummary", "Verdict", "covariance", "fit_curve"]

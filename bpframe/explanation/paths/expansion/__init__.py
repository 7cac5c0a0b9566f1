"""What is a network as one formula?

Eq. (5): its components' own forward, fed with symbols in the place of numbers. In go the trace of one example and the
graph of its numbers; out come formulas, how long they are even where nobody could write them, and, with SymPy, their
derivatives. Start with `symbolic_number.py`, then `feeding.py`.
"""

from bpframe.explanation.paths.expansion.expansion import DerivativeFormula, Expansion, FormulaText, expansion
from bpframe.explanation.paths.expansion.feeding import Formulas, formulas

__all__ = ["DerivativeFormula", "Expansion", "FormulaText", "Formulas", "expansion", "formulas"]

"""Which structured maps do images, sequences and attention need?

Operators beside those of the heart, which no pass knows by name: products of two matrices that both change, windows of
images and signals, loops over time, and the way back through any operator. In go arrays, geometry and operators; out
come operators like any other. Start with `batch_matmul.py`.
"""

from bpframe.structures.batch_matmul import BatchMatMul
from bpframe.structures.scan import Recomputed, Scan
from bpframe.structures.transposed import Transposed, transposed
from bpframe.structures.windows import Windows

__all__ = ["BatchMatMul", "Recomputed", "Scan", "Transposed", "Windows", "transposed"]

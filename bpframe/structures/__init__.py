"""Which structured maps do images, sequences and attention need?

Operators beside those of the heart, which no pass knows by name: products of two matrices that both change. In go
arrays or geometry; out come operators like any other. Start with `batch_matmul.py`.
"""

from bpframe.structures.batch_matmul import BatchMatMul

__all__ = ["BatchMatMul"]

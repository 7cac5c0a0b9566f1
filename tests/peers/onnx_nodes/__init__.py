"""Which of ONNX's own node tests does a shipped component express, and does it pass them?

The package `onnx` ships them: an operator with attributes, inputs and the expected outputs. `case.py` reads them,
`running.py` runs a component on given arrays, `rules/` says how an operator is expressed by components, and `table.py`
writes the page of the documentation.
"""

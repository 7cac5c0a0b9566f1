"""How do parameters move?

Batches, the updates of an optimizer, methods that minimise by themselves, and what is kept and told while it goes on.
In go an engine, a `TrainingSpec` and examples; out come moved parameters and a `History`. Start with `trainer.py`, then
`updates.py`; `problem.py` is what a method that drives itself is handed.
"""

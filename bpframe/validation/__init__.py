"""What is wrong with a value that somebody gave?

Models whose fields are checked strictly and frozen, and the words in which a mistake is told: where, what was expected,
what arrived, what to try. In go values as users write them; out come values that can be relied on, or an error. Start
with `model.py`, then `mistakes.py`.
"""

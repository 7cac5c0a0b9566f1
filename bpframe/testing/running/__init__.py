"""What is checked, and where does it run?

From words on a command line, a file or an installed name to components with examples, checked in this process or in one
apart, as tests of pytest or one report after another. Start with `subjects.py`, then `examples.py` and `order.py`.
"""

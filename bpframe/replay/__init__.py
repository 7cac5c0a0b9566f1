"""How is a pass repeated without Python in between?

The NumPy calls of one pass are recorded, held against a second look, planned onto one block of memory, and done again:
the same bytes, faster. In goes a workspace; out comes what does its passes, in the place of `CalledPass`. Start with
`recording.py`, then `program.py`; `schedule.py` says when.
"""

"""How is a pass repeated without Python in between?

Methods whose code is understood are recorded on a tape, call by call; two records that say the same become a program: a
flat list of NumPy calls on buffers that are planned once, behind a guard of every constant that the methods read.
"""

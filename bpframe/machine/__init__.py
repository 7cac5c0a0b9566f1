"""What does this computer allow?

Threads, BLAS and its kernels, caches, files that appear whole or not at all, processes apart, Ctrl-C. In goes what is
to be done; out comes the same, done as this machine does it best, or what the doctor finds. Start with `workers.py` for
threads, and with `examination.py` for `bpframe.doctor()`.
"""

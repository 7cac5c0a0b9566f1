"""What is the error of every node, and what does it send back?

BP1 and BP2 with nothing left out, and vectors of the outputs pulled back many times through one trace. In goes a trace;
out come errors by node, and vectors of parameters or of inputs. Start with `node_errors.py`.
"""

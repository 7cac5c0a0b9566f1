"""bpframe: back-propagation from declared local Jacobians, on NumPy."""

"""Derivatives of whole networks, one product per file, all from the components' local Jacobians."""

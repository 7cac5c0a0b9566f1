"""The reference plugin set: the tutorial's network."""

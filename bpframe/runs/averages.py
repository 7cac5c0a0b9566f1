"""Which of a run's networks is the run's: one whose optimizer keeps averages was measured with these in training."""

from __future__ import annotations

from bpframe.network import Network

__all__ = ["keeps_averages", "measured_network"]


def keeps_averages(network: Network) -> bool:
    """Whether the optimizer of the network's last training keeps averaged parameters."""
    state = network.optimizer_state
    return state is not None and bool(state.averages)


def measured_network(network: Network) -> Network:
    """Return the network that the history tells of: with the averaged parameters where there are some, else itself."""
    return network.averaged() if keeps_averages(network) else network

"""What an author implements, and the contract that it is held to."""

from bpframe.core.component.activation import Activation
from bpframe.core.component.base import Component
from bpframe.core.component.contract import CATEGORIES, CONTRACT_VERSION, Contract, category, contract_of
from bpframe.core.component.cost import Cost
from bpframe.core.component.initializer import Initializer
from bpframe.core.component.layer import Layer
from bpframe.core.component.optimizer import Optimizer
from bpframe.core.component.parameter import Parameter, State

__all__ = [
    "CATEGORIES",
    "CONTRACT_VERSION",
    "Activation",
    "Component",
    "Contract",
    "Cost",
    "Initializer",
    "Layer",
    "Optimizer",
    "Parameter",
    "State",
    "category",
    "contract_of",
]

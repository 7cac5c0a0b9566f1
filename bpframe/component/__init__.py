"""What an author implements, and the contract that it is held to."""

from bpframe.component.activation import Activation
from bpframe.component.base import Component
from bpframe.component.contract import CATEGORIES, CONTRACT_VERSION, Contract, category, contract_of
from bpframe.component.cost import Cost
from bpframe.component.initializer import Initializer
from bpframe.component.layer import Layer
from bpframe.component.optimizer import Optimizer
from bpframe.component.parameter import Parameter, State

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

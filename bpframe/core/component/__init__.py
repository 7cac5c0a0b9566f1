"""What does an author declare?

The base classes of layers, costs, optimizers and every other category, and the contract that each class is held to,
read once from the signatures of its methods. In goes a class statement; out comes a `Contract`, or an error that names
the mistake. Start with `layer.py`, then `signature.py` and `contract.py`.
"""

from bpframe.core.component.activation import Activation
from bpframe.core.component.base import Component
from bpframe.core.component.block import Block
from bpframe.core.component.category import Category, Contract, Method
from bpframe.core.component.contract import CONTRACT_VERSION, category, contract_of
from bpframe.core.component.cost import Cost
from bpframe.core.component.initializer import Initializer
from bpframe.core.component.layer import Layer
from bpframe.core.component.parameter import Parameter, State
from bpframe.core.component.penalty import Penalty

__all__ = [
    "CONTRACT_VERSION",
    "Activation",
    "Block",
    "Category",
    "Component",
    "Contract",
    "Cost",
    "Initializer",
    "Layer",
    "Method",
    "Parameter",
    "Penalty",
    "State",
    "category",
    "contract_of",
]

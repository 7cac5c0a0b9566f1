"""Components that read what the program changes: variables of modules, the environment, files."""

from __future__ import annotations

import os
import pathlib
import tempfile
import types
from typing import ClassVar

import numpy as np

from bpframe.extend import Activation, Diagonal, Matrix

from . import deeper, helpers
from .registry import Plain, behaviour

SCALE = 0.5
settings = {"scale": 0.5}
OPTIONS = types.SimpleNamespace(scale=0.5)
TABLE = np.full(8, 0.5)
FUNCTION = np.tanh
PIECES = [0.5, 0.25]
ENVIRONMENT = "BPFRAME_SOUNDNESS_SCALE"
FILE = pathlib.Path(tempfile.gettempdir()) / f"bpframe-soundness-{os.getpid()}.txt"


def fresh():
    global SCALE, TABLE, FUNCTION
    SCALE, TABLE, FUNCTION = 0.5, np.full(8, 0.5), np.tanh
    settings.update(scale=0.5)
    OPTIONS.scale = 0.5
    PIECES[:] = [0.5, 0.25]
    ClassVariable.scale = 0.5
    os.environ.pop(ENVIRONMENT, None)
    FILE.unlink(missing_ok=True)


def set_class_variable(number):
    ClassVariable.scale = number


def write(number):
    FILE.write_text(str(number), encoding="utf-8")


@behaviour(changes=["bank.outside.SCALE = {}"])
class ModuleNumber(Plain):
    def forward(self, x):
        return SCALE * x


@behaviour(changes=["bank.outside.SCALE = {}"])
class ModuleNumberInJacobian(Activation):
    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, x):
        return Diagonal(np.full_like(x, SCALE))


@behaviour(changes=["bank.outside.settings['scale'] = {}"])
class ModuleDictionary(Plain):
    def forward(self, x):
        return settings["scale"] * x


@behaviour(changes=["bank.outside.OPTIONS.scale = {}"])
class ModuleObject(Plain):
    def forward(self, x):
        return OPTIONS.scale * x


@behaviour(changes=["bank.outside.TABLE[...] = {}", "bank.outside.TABLE = np.full(8, {})"])
class ModuleArray(Plain):
    def forward(self, x):
        return x * TABLE[: x.shape[-1]].astype(x.dtype)


@behaviour("flat", changes=["bank.outside.TABLE[...] = {}", "bank.outside.TABLE = np.full(8, {})"])
class ModuleArrayInOperator(Activation):
    def forward(self, x):
        return np.multiply(x, TABLE[: x.shape[-1]], dtype=x.dtype, casting="same_kind")

    def jacobian(self, x):
        return Matrix(np.diag(TABLE[: x.shape[-1]]).astype(x.dtype))


@behaviour(changes=["bank.outside.FUNCTION = np.sin", "bank.outside.FUNCTION = np.cos"])
class ModuleFunction(Plain):
    def forward(self, x):
        return FUNCTION(x)


@behaviour(changes=["bank.outside.PIECES[0] = {}", "bank.outside.PIECES.append({})"])
class ModuleList(Plain):
    def forward(self, x):
        return sum(PIECES) * x


@behaviour(changes=["bank.helpers.FACTOR = {}"])
class HelperNumber(Plain):
    def forward(self, x):
        return helpers.factored(x)


@behaviour(changes=["bank.deeper.LEVEL = {}"])
class HelperTwoDeep(Plain):
    def forward(self, x):
        return helpers.levelled(x)


@behaviour(changes=["bank.deeper.LEVEL = {}"])
class OtherModule(Plain):
    def forward(self, x):
        return deeper.LEVEL * x


@behaviour(changes=["bank.outside.set_class_variable({})"])
class ClassVariable(Plain):
    scale: ClassVar[float] = 0.5

    def forward(self, x):
        return self.scale * x


@behaviour("impure", changes=["os.environ[bank.outside.ENVIRONMENT] = '{}'"])
class Environment(Plain):
    def forward(self, x):
        return float(os.environ.get(ENVIRONMENT, "0.5")) * x


@behaviour("impure", changes=["bank.outside.write({})"])
class ReadsFile(Plain):
    def forward(self, x):
        return float(FILE.read_text("utf-8") if FILE.exists() else 0.5) * x


@behaviour(changes=["bank.outside.PIECES[:] = [{}, 0.1, 0.1]"])
class ListInDefault(Plain):
    def forward(self, x):
        def scaled(v, pieces=PIECES):
            return pieces[0] * v

        return scaled(x)


@behaviour("impure", changes=["np.seterr(divide='ignore')", "np.seterr(divide='warn')"])
class ErrorState(Plain):
    def forward(self, x):
        return x * (0.5 if np.geterr()["divide"] == "warn" else 0.25)

"""Methods as people write them, and as nobody should: each is written to a file, imported and read.

A snippet is the code of a module before a class, `---`, and the methods of the class; or the body of `forward` alone.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
import textwrap
from pathlib import Path
from types import ModuleType

PREAMBLE = """\
import enum, functools, itertools, math, random, time, typing
from typing import Any, ClassVar
import numpy as np
from bpframe.extend import *
from bpframe.extend import Field
SCALE = 2.0
SHAPES = (1, 2)
TABLE = np.arange(3.0)
TABLE.setflags(write=False)
VIEW = TABLE[1:]
BUF = np.zeros(3)
VIEW_OF_BUF = BUF[1:]
VIEW_OF_BUF.setflags(write=False)
OBJECTS = np.array([None], dtype=object)
LIST, DICT, SET = [1.0], {"a": 1.0}, {1}
COUNT = 0
RNG = np.random.default_rng(0)
NAME = "tanh"
class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"
"""

_number = itertools.count()


def module_of(text: str, folder: Path) -> ModuleType:
    """Import a module from a file of its own."""
    name = f"snippet_{next(_number)}"
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def written(snippet: str) -> str:
    """Return the module that a snippet stands for."""
    before, found, methods = snippet.partition("---\n")
    if not found:
        before, methods = "", f"def forward(self, x, p, saved, state, out, *xs):\n{textwrap.indent(snippet, '    ')}"
    methods = textwrap.indent(textwrap.dedent(methods), "    ")
    return f"{PREAMBLE}{before}\nclass C(Layer):\n    alpha: float = 0.5\n    names: tuple[str, ...] = ()\n{methods}\n"


#: Understood.
PLAIN = [
    "return x",
    "return -x + 2 * x ** 2 - x / SCALE",
    "return np.tanh(x)",
    "return np.tanh(x, out=out)",
    "return np.add(x, 1, out)",
    "np.copyto(out, x)\nreturn out",
    "out[...] = x\nout += 1\nreturn out",
    "out.fill(0)\nreturn out",
    "z = np.zeros_like(x)\nz[...] = 1\nz += x\nreturn z",
    "z = x - x.max(axis=-1, keepdims=True)\nnp.exp(z, out=z)\nz /= z.sum(axis=-1, keepdims=True)\nreturn z",
    "x = x * 2\nx += 1\nreturn x",
    "saved['mask'] = x > 0\nreturn x * saved['mask']",
    "saved.update(a=x, b=-x)\nreturn saved['a']",
    "total: Any = x.sum(axis=1)\nreturn total",
    "return x[:, ::-1][..., None].reshape(len(x), -1)",
    "return self.alpha * x",
    "return x * len(self.names) + self.names.index('a')",
    "for name in self.names:\n    x = x + len(name)\nelse:\n    x = x * 2\nreturn x",
    "i = 0\nwhile i < x.ndim:\n    i += 1\n    if i == 2:\n        break\n    continue\nreturn x * i",
    "return sum(x[:, i] for i in range(x.shape[1]))[:, None]",
    "return np.stack([np.sin(k * x) for k in range(3) if k != 1], axis=-1)",
    "shapes = {k: v.shape for k, v in p.items()}\nreturn x * len(shapes)",
    "return x if out is None else np.add(x, 0, out=out)",
    "f = np.sin if x.ndim == 2 else np.cos\nreturn f(x)",
    "f, g = np.sin, np.cos\nreturn f(g(x))",
    "if (n := x.shape[-1]) > 3:\n    return x / n\nreturn x",
    "if x.shape[1] != 3:\n    raise ShapeMismatch('x', expected='3', received=f'{x.shape[1]:d}')\nreturn x",
    "raise ValueError",
    "return x * math.sqrt(x.shape[-1]) * math.pi",
    "with np.errstate(over='ignore', under='ignore'):\n    return np.exp(x)",
    "return x * TABLE[0] + VIEW[1]",
    "return x.astype(np.float32).astype(x.dtype)",
    "return np.where(x > 0, x, np.expm1(x))",
    "return np.einsum('ni,ij->nj', x, p['w'])",
    "return np.linalg.norm(x, axis=1, keepdims=True) + np.fft.fft(x).real",
    "return np.add.reduce(x, axis=1)[:, None] + np.multiply.outer(x, x)[0]",
    "eps = np.finfo(x.dtype).eps\nreturn x + eps",
    "h = [x]\nh.append(2 * x)\nreturn h[-1]",
    "h = []\nfor t in range(3):\n    h += [x * t]\nreturn sum(h)",
    "return max(x.shape) * x",
    "return x.dtype.type(2) * x",
    "a, *rest = x.shape\nreturn x.reshape(a, math.prod(rest))",
    "del saved, p\nreturn x",
    "pass\nassert x.ndim == 2, f'{x.ndim}'\nreturn x",
    "for i, (a, b) in enumerate(zip(xs, xs, strict=True)):\n    x = x + a * b * i\nreturn x",
    "return np.concatenate([x, *xs], axis=-1)",
    "g = lambda a, k=2: a * k\nreturn g(x)",
    "def twice(a):\n    return a * SCALE\nreturn twice(x)",
    "return sorted(range(3), key=lambda k: -k)[0] * x",
    "return sum(map(np.tanh, xs), start=x)",
    "return np.random.default_rng(0).standard_normal(x.shape) * x",
    "return typing.cast(Any, x)",
    "np = 3\nreturn x * np",
    "return [np for np in (1.0, 2.0)][0] * x",
    "return x if NAME == 'tanh' and 'a' in 'abc' else -x",
    "return '{}'.format('a') and x",
    "return x if Mode.FAST is Mode.SLOW else -x",
    "z, w = np.zeros(3), np.ones(3)\nz[0], w[1] = 1, 2\nreturn x * z",
    "return helper(x)",
    "z = helper(x)\nz *= 2\nreturn z",
    "from_saved(x, saved)\nreturn saved['v']",
    "return into(x, out)",
    "return itertools.chain(xs, [x]) and x",
]
HELPERS = """\
def helper(a, k=2):
    return a * k

def from_saved(a, saved):
    saved["v"] = a * 2

def into(a, out=None):
    return np.multiply(a, 2, out=out)
"""
_WITH_FORWARD = "def forward(self, x, p, saved, out, *xs):\n"
PLAIN = [
    f"{HELPERS}---\n{_WITH_FORWARD}{textwrap.indent(each, '    ')}" if "---" not in each else each for each in PLAIN
] + [
    # methods, class variables, properties, inheritance
    "---\nBETA: ClassVar[float] = 2.0\ndef forward(self, x):\n    return self._scaled(x) * self.BETA * self.kind.count('c')\n"
    "def _scaled(self, x):\n    return x * self.alpha",
    "---\n@staticmethod\ndef f(x):\n    return x + 1\n@classmethod\ndef g(cls, x):\n    return x * cls.h(2)\n"
    "@staticmethod\ndef h(k):\n    return k\ndef forward(self, x):\n    return self.f(self.g(x))",
    "---\n@property\ndef double(self):\n    return 2 * self.alpha\ndef forward(self, x):\n    return x * self.double",
    "---\n@functools.cached_property\ndef double(self):\n    return 2 * self.alpha\ndef forward(self, x):\n    return x * self.double",
    "---\ndef forward(self, *xs):\n    first, *rest = xs\n    for x in rest:\n        first = first + x\n    return first",
    "---\ndef forward(self, x, /, *, training=True):\n    return x if training else -x",
    "---\nfn: ClassVar = np.tanh\ndef forward(self, x):\n    return self.fn(x)",
    "---\ndef forward(self, x, rng, training):\n    return x * rng.random(x.shape) if training else x",
    "---\ndef forward(self, x, state):\n    return x, {'m': state['m'] * 0.9}",
    # recursion and circles
    "def power(x, k):\n    return x if k == 1 else x * power(x, k - 1)\n---\ndef forward(self, x):\n    return power(x, 3)",
    "def even(x, k):\n    return x if k == 0 else odd(x, k - 1)\ndef odd(x, k):\n    return -x if k == 0 else even(x, k - 1)\n"
    "---\ndef forward(self, x):\n    return even(x, 4)",
    # operators of one's own
    "class Twice(Operator):\n    def __init__(self, k):\n        self.k = k\n    def jvp(self, v, out=None):\n"
    "        return np.multiply(v, self.k, out=out)\n    vjp = jvp\n---\ndef forward(self, x):\n    op = Twice(x)\n"
    "    return op.jvp(x) * op.k",
    "class Mine(Diagonal):\n    def __init__(self, d):\n        super().__init__(d * 2)\n---\ndef forward(self, x):\n    return Mine(x).jvp(x)",
    "class Chosen(Diagonal):\n    pass\n---\ndef forward(self, x):\n    made = Chosen if x.ndim == 2 else Diagonal\n    return made(x).jvp(x)",
    "from scipy.special import expit\nimport scipy.special as sp\n---\ndef forward(self, x):\n    return expit(x) + sp.erf(x)",
    "class Wrong(ValueError):\n    pass\n---\ndef forward(self, x):\n    if x.ndim != 2:\n        raise Wrong('no')\n    return x",
    "from math import sqrt as root\nfrom numpy import exp\n---\ndef forward(self, x):\n    return exp(x) * root(2)",
]

#: Refused, with the line of the snippet's class or body where it is told apart, and what the reason says.
REFUSED = [
    ("global COUNT\nCOUNT = COUNT + 1\nreturn x", "a global statement"),
    ("try:\n    return np.linalg.inv(x)\nexcept np.linalg.LinAlgError:\n    return x", "a try statement"),
    ("import os\nreturn x", "an import statement"),
    ("class D: ...\nreturn x", "a class of its own"),
    ("match x.ndim:\n    case 2: return x\nreturn x", "a match statement"),
    ("yield x", "a yield"),
    ("with open('f') as f:\n    return x", "a with statement"),
    ("with np.errstate(all='raise'):\n    return x", "more than ignore"),
    ("with np.errstate(over=NAME):\n    return x", "more than ignore"),
    ("x[0] = 1\nreturn x", "writes into x"),
    ("x += 1\nreturn x", "changes x in place"),
    ("p['w'] *= 2\nreturn x", "writes into p"),
    ("p['w'][...] = 0\nreturn x", "writes into p['w']"),
    ("state['m'] = x\nreturn x", "writes into state"),
    ("s = state\ns['m'] = x\nreturn x", "writes into s"),
    ("s = {}\nif x.ndim == 2:\n    s = state\ns['m'] = x\nreturn x", "writes into s"),
    ("s = {}\nfor i in range(3):\n    s['m'] = x\n    s = state\nreturn x", "writes into s"),
    (
        "s = {}\nfor i in range(3):\n    if i == 1:\n        s = state\n        break\n    s = {}\ns['m'] = 1\nreturn x",
        "writes into s",
    ),
    ("z = x.T\nz[0] = 1\nreturn x", "writes into z"),
    ("z = x.reshape(-1)\nz += 1\nreturn x", "changes z in place"),
    ("z = np.reshape(x, -1)\nz += 1\nreturn x", "changes z in place"),
    ("z = np.asarray(x)\nz -= 1\nreturn x", "changes z in place"),
    ("z = x.astype(float, copy=False)\nz -= 1\nreturn x", "changes z in place"),
    ("for row in x:\n    row += 1\nreturn x", "changes row in place"),
    ("for k, v in p.items():\n    v -= 1\nreturn x", "changes v in place"),
    ("for i, v in enumerate(xs):\n    v[...] = 0\nreturn x", "writes into v"),
    ("a, b = x, x\na *= b\nreturn x", "changes a in place"),
    ("(a := x)[0] = 1\nreturn x", "writes into"),
    ("h = [x]\nh[0][0] = 1\nreturn x", "writes into h[0]"),
    ("h = []\nk = h\nk.append(p)\nh[0]['w'] = 1\nreturn x", "writes into h[0]"),
    ("state.update(m=x)\nreturn x", "writes into state"),
    ("state.pop('m')\nreturn x", "writes into state"),
    ("x.fill(0)\nreturn x", "writes into x"),
    ("x.sort()\nreturn x", "calls .sort()"),
    ("x.put(0, 1)\nreturn x", "calls .put()"),
    ("x.partition(1)\nreturn x", "calls .partition()"),
    ("x.resize(3)\nreturn x", "calls .resize()"),
    ("x.setflags(write=True)\nreturn x", "calls .setflags()"),
    ("x.tofile('f')\nreturn x", "calls .tofile()"),
    ("x.view(np.int64)\nreturn x", "calls .view()"),
    ("x.shape = (1,)\nreturn x", "writes x.shape"),
    ("x.flags.writeable = True\nreturn x", "x.flags.writeable"),
    ("return x.base", "reads .base"),
    ("return x if x.strides else -x", "reads .strides"),
    ("return x.flat[0]", "reads .flat"),
    ("return x.ctypes", "reads .ctypes"),
    ("return x.__class__", "reads .__class__"),
    ("return x.__array_interface__", "reads .__array_interface__"),
    ("return __name__ and x", "reads __name__"),
    ("return np.multiply(x, 2, out=x)", "hands x on as out"),
    ("return np.multiply(x, 2, x)", "hands x on as out"),
    ("return np.multiply(x, 2, out=(x,))", "hands x on as out"),
    ("return np.sum(x, 0, None, p['w'])", "hands p['w'] on as out"),
    ("return x.sum(0, None, x)", "hands x on as out"),
    ("return x.clip(0, 1, x)", "hands x on as out"),
    ("return np.add.reduce(x, 0, None, x)", "hands x on as out"),
    ("return np.add(*xs)", "hands *arguments"),
    ("return np.sum(*xs)", "hands *arguments"),
    ("return np.sum(x, **p)", "hands **options"),
    ("return np.exp(x, where=x > 0)", "leaves entries unset"),
    ("np.copyto(x, 1)\nreturn x", "calls np.copyto"),
    ("z = np.zeros(3)\nnp.copyto(z, x)\nreturn z", "calls np.copyto"),
    ("out = np.zeros(3)\nnp.copyto(out, x)\nreturn out", "calls np.copyto"),
    ("z = np.zeros(3)\nnp.put(z, 0, x)\nreturn z", "calls np.put"),
    ("z = np.zeros(3)\nnp.putmask(z, z > 0, x)\nreturn z", "calls np.putmask"),
    ("z = np.zeros(3)\nnp.place(z, z > 0, x)\nreturn z", "calls np.place"),
    ("z = np.zeros((3, 3))\nnp.put_along_axis(z, z, x, 0)\nreturn z", "calls np.put_along_axis"),
    ("z = np.zeros((3, 3))\nnp.fill_diagonal(z, x)\nreturn z", "calls np.fill_diagonal"),
    ("z = np.zeros(3)\nnp.add.at(z, 0, x)\nreturn z", "np.add.at"),
    ("f = np.add\nf.at(out, 0, x)\nreturn out", "f.at"),
    ("return np.nan_to_num(x, copy=False)", "np.nan_to_num"),
    ("return np.nan_to_num(x, False)", "np.nan_to_num"),
    ("return np.median(x, 0, None, True)", "overwrite_input"),
    ("return np.vectorize(abs)(x)", "np.vectorize"),
    ("return np.apply_along_axis(abs, 0, x)", "calls np.apply_along_axis"),
    ("return np.piecewise(x, [x > 0], [abs])", "calls np.piecewise"),
    ("return np.fromfunction(abs, (3,))", "calls np.fromfunction"),
    ("return np.pad(x, 1, mode=lambda *a: None)", "hands the function"),
    ("return x if np.isscalar(x[0, 0]) else -x", "calls np.isscalar"),
    ("return x if np.may_share_memory(x, x) else -x", "calls np.may_share_memory"),
    ("return x if np.iterable(x) else -x", "calls np.iterable"),
    ("return x if isinstance(x, np.ndarray) else -x", "isinstance()"),
    ("return x if type(x) is np.ndarray else -x", "type()"),
    ("return x if hasattr(x, 'sum') else -x", "hasattr()"),
    ("return getattr(x, 'T')", "getattr()"),
    ("return x * id(x)", "id()"),
    ("return x * hash('a')", "hash()"),
    ("return next(xs)", "next()"),
    ("return list(iter(xs))", "iter()"),
    ("print(x)\nreturn x", "print()"),
    ("exec('1')\nreturn x", "exec()"),
    ("return eval('x')", "eval()"),
    ("return vars(x)", "vars()"),
    ("return globals() and x", "globals()"),
    ("return __import__('os') and x", "reads __import__"),
    ("return open('f') and x", "open()"),
    ("return x if x is saved['x'] else -x", "one object"),
    ("return x if x is not TABLE else -x", "one object"),
    ("return x if Mode.FAST is not x is p else -x", "one object"),
    ("return x * np.random.rand()", "random numbers come from rng"),
    ("np.random.seed(0)\nreturn x", "random numbers come from rng"),
    ("return x * np.random.default_rng().random()", "without a seed"),
    ("return x * np.random.default_rng(x.shape[0]).random()", "without a seed"),
    ("return x * random.random()", "the module random"),
    ("return x * time.time()", "the module time"),
    ("return x * RNG.random()", "reads RNG, a Generator"),
    ("return x + BUF", "reads BUF, an array that can be written"),
    ("return x + VIEW_OF_BUF", "reads VIEW_OF_BUF, an array that can be written"),
    ("return OBJECTS[0] or x", "an array of Python objects"),
    ("return x * LIST[0]", "reads LIST, a list"),
    ("return x * DICT['a']", "reads DICT, a dict"),
    ("return x * len(SET)", "reads SET, a set"),
    ("LIST.append(x)\nreturn x", "reads LIST, a list"),
    ("return np.load('f')", "calls np.load"),
    ("return x if np.geterr() else -x", "calls np.geterr"),
    ("return np", "hands np on"),
    ("q = np\nreturn q.load('f')", "hands np on"),
    ("return self", "hands self on"),
    ("saved['me'] = self\nreturn x", "hands self on"),
    ("return helper_of(self)", "which is nothing"),
    ("self.count = 1\nreturn x", "writes self.count"),
    ("self.count += 1\nreturn x", "writes self.count"),
    ("C.count = 1\nreturn x", "writes C.count"),
    ("return x * self.nothing", "reads self.nothing, which is no field"),
    ("return x * self._cache", "reads self._cache, which is no field"),
    ("return self.__dict__ and x", "reads .__dict__"),
    ("return x * len(self.model_fields_set)", "reads self.model_fields_set"),
    ("return self.model_copy() and x", "reads self.model_copy"),
    ("self = x\nreturn x", "writes self"),
    ("[self for self in xs]\nreturn x", "writes self"),
    ("del self\nreturn x", "deletes"),
    ("del p['w']\nreturn x", "deletes"),
    ("f = x\nreturn f(x)", "calls f, which is not known"),
    ("f = np.sin\nif x.ndim == 2:\n    f = x\nreturn f(x)", "calls f, which is not known"),
    ("return p['f'](x)", "which is not known"),
    ("return (lambda a: a + BUF)(x)", "reads BUF"),
    ("f = lambda a: LIST\nreturn x", "reads LIST"),
    ("def f(a):\n    a += 1\n    return a\nreturn f(x)", "changes a in place"),
    ("h = []\ndef f(a):\n    h.append(a)\nreturn f(x)", "writes into h"),
    ("h = 0\ndef f(a):\n    nonlocal h\n    h = 1\nreturn f(x)", "a nonlocal statement"),
    ("def f(a, k=x):\n    return a\nreturn f(x)", "a default that others hold"),
    ("@functools.cache\ndef f(a):\n    return a\nreturn f(x)", "decorates f"),
    ("f = np.sin\ng = lambda a: f(a)\nf = x\nreturn g(x)", "calls f, which is not known"),
    ("return sorted(xs, key=p['f'])", "has p['f'] called"),
    ("return list(map(print, xs))", "print()"),
    ("return '{0.__class__}'.format(x) and x", ".format()"),
    ("return NAME.format(x) and x", ".format()"),
    ("return functools.reduce(np.add, xs)", "the module functools"),
    ("return super(C, self).forward(x)", "calls super()"),
    ("return super().forward(x)", "super().forward, which does not exist"),
    ("return undefined(x)", "reads undefined, which is nothing"),
    ("x[0], y = 1, 2\nreturn x", "writes into x"),
    ("for x[0] in range(3):\n    pass\nreturn x", "writes into x"),
    ("[0 for p['w'] in xs]\nreturn x", "writes into p"),
    ("return np.lib.stride_tricks.as_strided(x, (1,), (0,))", "as_strided"),
    ("TABLE[0] = 1\nreturn x", "writes into TABLE"),
    ("self.names[0] = 1\nreturn x", "writes into self.names"),
    ("return np.add(x, 1, out=TABLE)", "hands TABLE on as out"),
    ("return into_x(x)\n", "which is nothing"),
]
FULL = [
    # what is called
    (
        "def helper(a):\n    global COUNT\n    COUNT += 1\n    return a\n---\ndef forward(self, x):\n    return helper(x)",
        "helper, line 23",
    ),
    (
        "def helper(a):\n    a += 1\n    return a\n---\ndef forward(self, x):\n    return helper(x)",
        "changes a in place",
    ),
    (
        "def helper(a, out):\n    return np.add(a, 1, out=out)\n---\ndef forward(self, x):\n    return helper(x, x)",
        "hands x on as out",
    ),
    (
        "def helper(a, saved):\n    saved['m'] = a\n---\ndef forward(self, x, state):\n    helper(x, state)\n    return x",
        "hands state on as saved",
    ),
    (
        "def helper(a, saved):\n    saved['m'] = a\n---\ndef forward(self, x, state):\n    helper(*[x, state])\n    return x",
        "hands *arguments",
    ),
    (
        "def helper(saved):\n    saved['n'] = 1\n---\ndef forward(self, x):\n    return x\ndef jacobian(self, x, saved):\n    helper(saved)\n    return x",
        "hands saved on",
    ),
    (
        "---\ndef forward(self, x):\n    return x\ndef jacobian(self, x, saved):\n    saved['n'] = saved['n'] + 1\n    return x",
        "writes into saved",
    ),
    (
        "@functools.lru_cache\ndef helper(a):\n    return a\n---\ndef forward(self, x):\n    return x * helper(2)",
        "remembers",
    ),
    (
        "def deco(f):\n    @functools.wraps(f)\n    def inner(*a):\n        LIST.append(1)\n        return f(*a)\n    return inner\n@deco\ndef helper(a):\n    return a\n---\ndef forward(self, x):\n    return helper(x)",
        "reads LIST",
    ),
    (
        "helper = functools.partial(np.add, 1)\n---\ndef forward(self, x):\n    return helper(x)",
        "reads helper, a partial",
    ),
    (
        "class F:\n    def __call__(self, x):\n        return x\nhelper = F()\n---\ndef forward(self, x):\n    return helper(x)",
        "reads helper, a F",
    ),
    ("class F:\n    pass\n---\ndef forward(self, x):\n    F()\n    return x", "calls snippet_"),
    (
        "helper = lambda a, seen=[]: seen.append(a) or a\n---\ndef forward(self, x):\n    return helper(x)",
        "a default that is a list",
    ),
    (
        "def helper(a, seen=BUF):\n    return a + seen\n---\ndef forward(self, x):\n    return helper(x)",
        "a default that is an array",
    ),
    (
        "def helper(f, a):\n    return f(a)\n---\ndef forward(self, x):\n    return helper(np.sin, x)",
        "calls f, which is not known",
    ),
    (
        "def helper(a):\n    return a\n---\ndef forward(self, x):\n    return [helper][0](x)",
        "hands the function helper on",
    ),
    (
        "def helper(a):\n    return a\nhelper.count = 0\n---\ndef forward(self, x):\n    return x * helper.count",
        "reads helper.count",
    ),
    ("uf = np.frompyfunc(abs, 1, 1)\n---\ndef forward(self, x):\n    return uf(x)", "calls"),
    ("def gen(x):\n    yield x\n---\ndef forward(self, x):\n    return list(gen(x))", "a yield"),
    ("async def co(x):\n    return x\n---\ndef forward(self, x):\n    co(x)\n    return x", "asynchronous"),
    ("from pathlib import Path\n---\ndef forward(self, x):\n    return Path('f') and x", "Path"),
    (
        "from colorsys import rgb_to_hsv as helper\n---\ndef forward(self, x):\n    return helper(1, 1, 1) and x",
        "of another package, colorsys",
    ),
    (
        "class Wrong(ValueError):\n    def __init__(self, a):\n        LIST.append(a)\n---\ndef forward(self, x):\n    raise Wrong(1)",
        "a constructor of its own",
    ),
    # classes
    (
        "---\nseen: ClassVar[list] = []\ndef forward(self, x):\n    self.seen.append(x)\n    return x",
        "reads self.seen, a list",
    ),
    (
        "---\nf: ClassVar = functools.partial(np.add, 1)\ndef forward(self, x):\n    return self.f(x)",
        "reads self.f, a partial",
    ),
    ("---\ndef __getattr__(self, name):\n    return 1\ndef forward(self, x):\n    return x", "defines __getattr__"),
    (
        "---\ndef __getattribute__(self, name):\n    return object.__getattribute__(self, name)\ndef forward(self, x):\n    return x",
        "defines __getattribute__",
    ),
    (
        "---\n@property\ndef k(self):\n    LIST.append(1)\n    return 1\ndef forward(self, x):\n    return x * self.k",
        "reads LIST",
    ),
    (
        "---\ndef helper(self, x):\n    self.n = 1\n    return x\ndef forward(self, x):\n    return self.helper(x)",
        "helper, line",
    ),
    (
        "---\n@functools.lru_cache\ndef helper(self, x):\n    return x\ndef forward(self, x):\n    return self.helper(x)",
        "reads self.helper",
    ),
    (
        "---\n@classmethod\ndef helper(cls):\n    cls.n = 1\ndef forward(self, x):\n    self.helper()\n    return x",
        "writes cls.n",
    ),
    (
        "---\n@classmethod\ndef helper(cls):\n    return cls()\ndef forward(self, x):\n    self.helper()\n    return x",
        "calls cls",
    ),
    (
        "class Base(Layer):\n    def forward(self, x):\n        LIST.append(x)\n        return x\n---\n__doc__ = ''\ndef forward(self, x):\n    return Base.forward(self, x)",
        "reads Base.forward",
    ),
    (
        "---\n@functools.cached_property\ndef k(self):\n    return np.zeros(3)\ndef forward(self, x):\n    return x * self.k",
        "reads self.k, an array that can be written",
    ),
    ("---\n@functools.wraps(print)\ndef forward(self, x):\n    LIST.append(x)\n    return x", "reads LIST"),
    ("---\nforward = lambda self, x: x + BUF", "reads BUF"),
    ("---\ndef forward(*xs):\n    return xs[1]", "self alone"),
    # operators
    (
        "class Op(Operator):\n    def __init__(self, k):\n        LIST.append(k)\n    def jvp(self, v, out=None):\n        return v\n    vjp = jvp\n---\ndef forward(self, x):\n    return Op(x).jvp(x)",
        "Op.__init__, line",
    ),
    (
        "class Op(Operator):\n    def jvp(self, v, out=None):\n        self.n = 1\n        return v\n    vjp = jvp\n---\ndef forward(self, x):\n    return Op().jvp(x)",
        "writes self.n",
    ),
    (
        "class Op(Operator):\n    def jvp(self, v, out=None):\n        v *= 2\n        return v\n    vjp = jvp\n---\ndef forward(self, x):\n    return Op().jvp(x)",
        "changes v in place",
    ),
    (
        "class Op(Diagonal):\n    def root(self):\n        print(1)\n        return self\n---\ndef forward(self, x):\n    return Op(x).jvp(x)",
        "Op.root, line",
    ),
    (
        "class Op(Diagonal):\n    def __getattr__(self, name):\n        return 1\n---\ndef forward(self, x):\n    return Op(x).jvp(x)",
        "defines __getattr__",
    ),
    (
        "class Op(Diagonal):\n    @functools.cache\n    def f(self):\n        return 1\n---\ndef forward(self, x):\n    return Op(x).jvp(x)",
        "no plain function",
    ),
    ("OP = Diagonal(TABLE)\n---\ndef forward(self, x):\n    return OP.jvp(x)", "reads OP, a Diagonal"),
    (
        "class Op(Diagonal):\n    def f(self):\n        return self.nothing\n---\ndef forward(self, x):\n    return Op(x).jvp(x)",
        "reads self.nothing",
    ),
    # fields
    ("---\nk: list[float] = [1.0]\ndef forward(self, x):\n    return x * self.k[0]", "reads self.k, a list"),
    ("---\nk: dict[str, float] = {}\ndef forward(self, x):\n    return x * len(self.k)", "reads self.k, a dict"),
    ("---\nk: Any = BUF\ndef forward(self, x):\n    return x * self.k", "reads self.k, an array that can be written"),
    ("---\nk: Any = abs\ndef forward(self, x):\n    return self.k(x)", "calls self.k"),
    ("---\nk: Any = (1, [2])\ndef forward(self, x):\n    return x * self.k[0]", "reads self.k, a list"),
    (
        "---\nk: Any = None\ndef forward(self, x):\n    return x * np.random.default_rng(self.k).random()",
        "without a seed",
    ),
    ("---\nmodel_config = {'frozen': False}\ndef forward(self, x):\n    return x * self.alpha", "not frozen"),
]

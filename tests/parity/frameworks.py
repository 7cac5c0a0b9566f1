"""The same quantities from other frameworks, which are imported only when they are asked."""

from __future__ import annotations

import numpy as np
from cases import BATCH, RATE, STEPS


def by_torch(case):
    import torch

    parameters, x, y, cotangent, tangent = case.numbers()
    p = {path: torch.tensor(value, requires_grad=True) for path, value in parameters.items()}
    paths = list(p)
    tx, ty = torch.tensor(x, requires_grad=True), torch.tensor(y)

    def run(x, values):
        return case.function(dict(zip(paths, values, strict=True)), x, torch.sigmoid)

    def cost():
        return 0.5 * ((run(tx, list(p.values())) - ty) ** 2).sum() / BATCH

    output = run(tx, list(p.values()))
    pulled = torch.autograd.grad(output, [tx, *p.values()], torch.tensor(cotangent))
    found = {
        "output": output,
        "cost": cost(),
        "vjp": pulled[0],
        "jvp": torch.func.jvp(lambda x: run(x, list(p.values())), (tx,), (torch.tensor(tangent),))[1],
        **{f"parameter vjp {path}": value for path, value in zip(paths, pulled[1:], strict=True)},
        **{f"gradient {path}": g for path, g in zip(paths, torch.autograd.grad(cost(), list(p.values())), strict=True)},
    }
    found = {name: value.detach().numpy().copy() for name, value in found.items()}
    optimizer = torch.optim.SGD(p.values(), lr=RATE)
    for _ in range(STEPS):
        optimizer.zero_grad()
        cost().backward()
        optimizer.step()
    return found | {f"trained {path}": value.detach().numpy().copy() for path, value in p.items()}


def by_jax(case):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    parameters, x, y, cotangent, tangent = case.numbers()
    p = {path: jnp.asarray(value) for path, value in parameters.items()}

    def run(x, p):
        return case.function(p, x, jax.nn.sigmoid)

    def cost(p):
        return 0.5 * ((run(x, p) - y) ** 2).sum() / BATCH

    output, pull = jax.vjp(run, jnp.asarray(x), p)
    pulled_x, pulled_p = pull(jnp.asarray(cotangent))
    found = {
        "output": output,
        "cost": cost(p),
        "vjp": pulled_x,
        "jvp": jax.jvp(lambda x: run(x, p), (jnp.asarray(x),), (jnp.asarray(tangent),))[1],
        **{f"parameter vjp {path}": value for path, value in pulled_p.items()},
        **{f"gradient {path}": value for path, value in jax.grad(cost)(p).items()},
    }
    for _ in range(STEPS):
        gradient = jax.grad(cost)(p)
        p = {path: value - RATE * gradient[path] for path, value in p.items()}
    return {name: np.asarray(value) for name, value in (found | {f"trained {k}": v for k, v in p.items()}).items()}


def by_autograd(case):
    import autograd.numpy as anp
    from autograd import grad, make_jvp, make_vjp

    parameters, x, y, cotangent, tangent = case.numbers()

    def sigmoid(z):
        return 1 / (1 + anp.exp(-z))

    def cost(p):
        return 0.5 * anp.sum((case.function(p, x, sigmoid) - y) ** 2) / BATCH

    p = dict(parameters)
    pulled = make_vjp(lambda p: case.function(p, x, sigmoid))(p)[0](cotangent)
    found = {
        "output": case.function(p, x, sigmoid),
        "cost": np.array(cost(p)),
        "vjp": make_vjp(lambda x: case.function(p, x, sigmoid))(x)[0](cotangent),
        "jvp": make_jvp(lambda x: case.function(p, x, sigmoid))(x)(tangent)[1],
        **{f"parameter vjp {k}": v for k, v in pulled.items()},
        **{f"gradient {k}": v for k, v in grad(cost)(p).items()},
    }
    for _ in range(STEPS):
        gradient = grad(cost)(p)
        p = {path: value - RATE * gradient[path] for path, value in p.items()}
    return found | {f"trained {path}": value for path, value in p.items()}


FRAMEWORKS = {"torch": by_torch, "jax": by_jax, "autograd": by_autograd}

"""Jacobians and curvature from other frameworks, which are imported only when they are asked.

Everything is brought to one convention: C = 1/N Σ C_n is the mean cost; gradients per example are those of C_n.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from curvature_cases import BATCH


def by_transforms(case, lib):
    """Return every quantity by the transformations that torch.func and JAX have in common."""
    parameters, x, y, change, x_change = case.numbers()
    shapes = {path: value.shape for path, value in parameters.items()}
    classes = case.network.graph.shapes[case.network.graph.outputs[0]][0]
    y = y if case.cost == "quadratic" else np.eye(classes)[y]
    theta, v = (np.concatenate([each.ravel() for each in values.values()]) for values in (parameters, change))

    def split(flat):
        """Return parts by path, of an array whose last axis is θ."""
        found, offset = {}, 0
        for path, shape in shapes.items():
            size = int(np.prod(shape))
            found[path] = flat[..., offset : offset + size].reshape(*flat.shape[:-1], *shape)
            offset += size
        return found

    def output(theta, x):
        return case.function(split(theta), x, lib)

    def of_output(a, y):
        if case.cost == "quadratic":
            return 0.5 * ((a - y) ** 2).sum()
        return -(y * lib.log_softmax(a, -1)).sum()

    def cost(theta, x, y):
        return of_output(output(theta, x), y)

    def quantities(theta, v, x, x_change, y):
        """Return arrays whose last axis is θ, and others."""

        def mean_cost(theta, x):
            return lib.vmap(cost, (None, 0, 0))(theta, x, y).mean()

        gradients = lib.vmap(lib.grad(cost), (None, 0, 0))(theta, x, y)
        a = lib.vmap(output, (None, 0))(theta, x)
        hessians = lib.vmap(lib.hessian(of_output), (0, 0))(a, y)
        parameter_jacobian = lib.vmap(lib.jacfwd(output), (None, 0))(theta, x)
        input_jacobian = lib.vmap(lib.jacrev(output, 1), (None, 0))(theta, x)
        gauss_newton = lib.einsum("nip,nij,njq->pq", parameter_jacobian, hessians, parameter_jacobian) / BATCH
        pushed = lib.jvp(lambda x: lib.vmap(output, (None, 0))(theta, x), (x,), (x_change,))[1]
        by_path = {
            "gradients": gradients,
            "variance": ((gradients - gradients.mean(0)) ** 2).mean(0),
            "empirical fisher diagonal": (gradients**2).mean(0),
            "gauss-newton diagonal": lib.einsum("pp->p", gauss_newton),
            "gauss-newton product": gauss_newton @ v,
            "jacobian": parameter_jacobian,
        }
        others = {
            "squared norms": (gradients**2).sum(-1),
            "gram": gradients @ gradients.T,
            "gauss-newton product inputs": lib.einsum("ni...,nij,nj->n...", input_jacobian, hessians, pushed) / BATCH,
            "jacobian inputs": input_jacobian,
            "gauss-newton": gauss_newton,
        }
        by_path["hessian diagonal"] = lib.einsum("pp->p", lib.hessian(mean_cost)(theta, x))
        by_path["hessian product"] = lib.jvp(lambda t: lib.grad(mean_cost)(t, x), (theta,), (v,))[1]
        others["hessian product inputs"] = lib.jvp(lambda x: lib.grad(mean_cost, 1)(theta, x), (x,), (x_change,))[1]
        return by_path, others

    by_path, found = lib.compiled(quantities)(*map(lib.array, (theta, v, x, x_change, y)))
    found = {name: lib.numpy(value) for name, value in found.items()}
    for name, flat in by_path.items():
        found |= {f"{name} {path}": value for path, value in split(lib.numpy(flat)).items()}
    gauss_newton, start = found.pop("gauss-newton"), 0
    for path, shape in shapes.items():
        rows = slice(start, start + int(np.prod(shape)))
        found[f"gauss-newton block {path}"] = gauss_newton[rows, rows]
        start = rows.stop
    return found


def by_torch(case):
    import torch

    f = torch.func
    return by_transforms(
        case,
        SimpleNamespace(
            array=torch.tensor, numpy=lambda tensor: tensor.detach().numpy(), compiled=lambda function: function,
            grad=f.grad, vmap=f.vmap, jvp=f.jvp, jacrev=f.jacrev, jacfwd=f.jacfwd, hessian=f.hessian,
            einsum=torch.einsum, sigmoid=torch.sigmoid, tanh=torch.tanh, softmax=torch.softmax,
            log_softmax=torch.log_softmax,
        ),
    )  # fmt: skip


def by_jax(case):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    return by_transforms(
        case,
        SimpleNamespace(
            array=jnp.asarray, numpy=np.asarray, compiled=jax.jit,
            grad=jax.grad, vmap=jax.vmap, jvp=jax.jvp, jacrev=jax.jacrev, jacfwd=jax.jacfwd, hessian=jax.hessian,
            einsum=jnp.einsum, sigmoid=jax.nn.sigmoid, tanh=jnp.tanh, softmax=jax.nn.softmax,
            log_softmax=jax.nn.log_softmax,
        ),
    )  # fmt: skip


def by_backpack(case):
    """Return what BackPACK's classes compute: nothing for a case without modules.

    Its quantities are those of the cost that is differentiated, here a sum: Σ C_n for the cross-entropy and 2 Σ C_n for
    the squared error, which has no ½. With f = 1 or 2, gradients per example are f ∇C_n; their squares, norms and
    variance f² of ours; Gauss–Newton, Hessian and the product of the Kronecker factors f N of ours. (With the mean as
    reduction it would divide gradients per example by N.)
    """
    import torch
    from backpack import backpack, extend, extensions
    from backpack.hessianfree.ggnvp import ggn_vector_product
    from backpack.hessianfree.hvp import hessian_vector_product

    if case.modules is None:
        return {}
    parameters, x, y, change, _ = case.numbers()

    def theirs(name, value):
        return torch.tensor(np.ascontiguousarray(case.layouts.get(name, np.asarray)(value)))

    places = {  # at which of our entries each of theirs stands
        path: theirs(path, np.arange(value.size).reshape(value.shape)).numpy().ravel()
        for path, value in parameters.items()
    }

    def ours(path, value):
        """Bring an array back whose last axes are a parameter's."""
        shape = parameters[path].shape
        flat = value.numpy().reshape(*value.shape[: value.dim() - len(shape)], -1)
        found = np.empty_like(flat)
        found[..., places[path]] = flat
        return found.reshape(*flat.shape[:-1], *shape)

    model = extend(case.modules(torch).double())
    kind = torch.nn.MSELoss if case.cost == "quadratic" else torch.nn.CrossEntropyLoss
    measure = extend(kind(reduction="sum"))
    f = 2 if case.cost == "quadratic" else 1
    held = dict(zip(case.owners, model.parameters(), strict=True))
    with torch.no_grad():
        for path, value in parameters.items():
            held[path].copy_(theirs(path, value))
    tx, ty = theirs("x", x).requires_grad_(), torch.tensor(y)

    asked = {  # quantity: (extension, where it is saved, its scale)
        "gradients": (extensions.BatchGrad(), "grad_batch", f),
        "variance": (extensions.Variance(), "variance", f**2),
        "empirical fisher diagonal": (extensions.SumGradSquared(), "sum_grad_squared", f**2 * BATCH),
        "gauss-newton diagonal": (extensions.DiagGGNExact(), "diag_ggn_exact", f * BATCH),
        "hessian diagonal": (extensions.DiagHessian(), "diag_h", f * BATCH),
        "kfac": (extensions.KFLR(), "kflr", f * BATCH),
    }
    found = {}
    for name, (extension, saved, scale) in asked.items():
        paths = [path for path in case.owners if f"{name} {path}" not in case.without]
        if not paths:
            continue
        with backpack(extension):
            measure(model(tx), ty).backward()
        for path in paths:
            value = getattr(held[path], saved)
            if name == "kfac":
                block = np.ones((1, 1))
                for factor in value:
                    block = np.kron(block, factor.detach().numpy())
                value, at = np.empty_like(block), places[path]
                value[np.ix_(at, at)] = block
                found[f"{name} {path}"] = value / scale
            else:
                found[f"{name} {path}"] = ours(path, value.detach()) / scale
    with backpack(extensions.BatchL2Grad()):
        measure(model(tx), ty).backward()
    found["squared norms"] = sum(p.batch_l2 for p in held.values()).numpy() / f**2

    v = [theirs(path, change[path]) for path in case.owners]
    output = model(tx)
    product = ggn_vector_product(measure(output, ty), output, model, v)
    found |= {
        f"gauss-newton product {k}": ours(k, each.detach()) / (f * BATCH) for k, each in zip(held, product, strict=True)
    }
    product = hessian_vector_product(measure(model(tx), ty), list(held.values()), v)
    found |= {
        f"hessian product {path}": ours(path, each.detach()) / (f * BATCH)
        for path, each in zip(held, product, strict=True)
    }
    return found


FRAMEWORKS = {"torch": by_torch, "jax": by_jax, "backpack": by_backpack}

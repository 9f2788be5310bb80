"""Gradients whose axes are split over devices: each part is centred as the whole would be."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from optdsl.backend.centralize import centralize

MATRIX = jnp.array([[1.0, 2, 6], [-1, 0, 4]])


def update_of(**arguments: Any) -> Any:
    update = centralize(**arguments).update
    return lambda grads: update(grads, optax.EmptyState())[0]


@pytest.mark.parametrize("compiled", [True, False], ids=["jit", "eager"])
def test_a_mesh_axis_that_is_not_there_is_named(compiled: bool) -> None:
    update = update_of(axes=-1, axis_name={0: "model", -1: "data"})
    with pytest.raises(ValueError, match="no mesh axis 'data'"):
        (jax.jit(update) if compiled else update)(MATRIX)


def test_an_axis_that_is_not_averaged_needs_no_mesh() -> None:
    got = update_of(axes=-1, axis_name=((0, "model"),))(MATRIX)
    np.testing.assert_allclose(got, [[-2, -1, 3]] * 2, atol=1e-6)


SPLITS = [
    ({"axes": -1, "axis_name": {1: "data"}}, (4, 6), 1),
    ({"axes": -1, "axis_name": {-1: ("data",)}}, (4, 3, 6), 2),
    ({"axes": "all", "axis_name": {0: "data"}}, (6, 5), 0),
    ({"axes": 0, "axis_name": {1: "data"}}, (4, 6), 1),
    ({"axes": -1, "axis_name": {0: "data"}}, (4, 6), 0),
    ({"axes": -1, "axis_name": {3: "data"}}, (4, 6), 0),
    ({"axes": 0, "sparse_rows": True, "axis_name": {0: "data"}}, (6, 3), 0),
    ({"axes": 0, "sparse_rows": True, "axis_name": {1: "data"}}, (6, 4), 1),
    ({"axes": "all", "sparse_rows": True, "axis_name": {1: "data"}}, (6, 4), 1),
    ({"axes": (0, 2), "sparse_rows": True, "axis_name": {0: "data"}}, (6, 2, 3), 0),
    ({"axes": "all", "axis_name": {1: "data"}, "stacked": (("**", 1),)}, (3, 4, 6), 2),
    ({"axes": "all", "axis_name": {-1: "data"}, "stacked": (("**", 1),)}, (3, 4, 6), 2),
    ({"axes": 0, "axis_name": {0: "data"}}, (2, 3), 0),
]


@pytest.mark.parametrize(("arguments", "shape", "axis"), SPLITS)
def test_split_is_whole(arguments: dict[str, Any], shape: tuple[int, ...], axis: int) -> None:
    """A named `vmap` over halves stands for two devices; one entry a device is not one entry in all."""
    grads = jnp.asarray(np.random.default_rng(0).standard_normal(shape) + 0.3, jnp.float32)
    if arguments.get("sparse_rows"):
        grads = grads.at[1].set(0).at[4].set(0).at[2, ..., : shape[-1] // 2].set(0)
    whole = {name: value for name, value in arguments.items() if name != "axis_name"}
    halves = jnp.stack(jnp.split(grads, 2, axis))
    got = jnp.concatenate(jax.vmap(update_of(**arguments), axis_name="data")(halves), axis)
    np.testing.assert_allclose(got, update_of(**whole)(grads), rtol=1e-5, atol=1e-6)


DEVICES = Path(__file__).with_name("centralize_on_two_devices.py")


def test_on_two_devices() -> None:
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    result = subprocess.run(
        [sys.executable, DEVICES], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "12 splits" in result.stdout

"""A network with normalisation layers (Flax NNX): where a layer norm stands, `centralize` finds nothing to remove.

What a layer norm puts out has the mean 0 over features, so the gradient of the kernel behind it has the mean 0 over
its incoming weights already, up to the norm's own scale and bias. `removed` is of that kernel alone. Scales and biases
have one axis and are never centralized.
"""

from collections.abc import Callable
from typing import Any

import jax
import optax
from comparison import Batch, Training, accuracy, arguments, batches, compare, digits
from flax import nnx

import optdsl

TRAINED_ON, HELD_OUT = digits()
NORMS: dict[str, Callable[..., Any]] = {
    "no norm": lambda width, rngs: lambda hidden: hidden,
    "batch norm": nnx.BatchNorm,
    "layer norm": nnx.LayerNorm,
}


class Network(nnx.Module):
    def __init__(self, norm: Callable[..., Any], rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(64, 64, rngs=rngs)
        self.norm = norm(64, rngs=rngs)
        self.second = nnx.Linear(64, 64, rngs=rngs)
        self.head = nnx.Linear(64, 10, rngs=rngs)

    def __call__(self, images: Any) -> jax.Array:
        hidden = self.norm(nnx.relu(self.first(images)))
        return self.head(nnx.relu(self.second(hidden)))


def loss_fn(model: Network, batch: Batch) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(model(batch.images), batch.labels).mean()


@nnx.jit
def train_step(model: Network, optimizer: nnx.Optimizer[Network], batch: Batch) -> tuple[jax.Array, Any]:
    loss, grads = nnx.value_and_grad(loss_fn)(model, batch)
    optimizer.update(model, grads)
    return loss, grads


def training_with(norm: Callable[..., Any]) -> Callable[[optax.GradientTransformation, int, int], Training]:
    """Returns the training of a network with this norm behind its first layer."""

    def train(tx: optax.GradientTransformation, seed: int, steps: int) -> Training:
        model = Network(norm, nnx.Rngs(seed))
        optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
        for batch in batches(TRAINED_ON, seed, steps):
            loss, grads = train_step(model, optimizer, batch)
            yield loss, grads["second"]["kernel"]
        model.eval()
        return accuracy(model(HELD_OUT.images), HELD_OUT)

    return train


if __name__ == "__main__":
    given = arguments(__doc__)
    programs = ("sgd(0.1, momentum=0.9)", "centralize(fan_in) | sgd(0.1, momentum=0.9)")
    for name, norm in NORMS.items():
        print(f"{name}: ", end="")
        compare(training_with(norm), {text: optdsl.compile(text) for text in programs}, given)
        print()

"""Plain JAX: an optimizer is a pytree of its numbers, so it goes into `jax.jit` as an argument.

Other numbers in the same program compile nothing: the rates below share one executable, and so do the seeds.
Where the gradients are of no interest, `optimizer.train_step(loss_fn)` is this step, ready made.
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from comparison import Batch, Training, accuracy, arguments, batches, compare, digits

import optdsl

TRAINED_ON, HELD_OUT = digits()
TRACED: list[str] = []
LAYERS = ((64, 64), (64, 64), (64, 10))


def initial(key: jax.Array) -> list[dict[str, jax.Array]]:
    keys = jax.random.split(key, len(LAYERS))
    weights = [jax.random.normal(key, shape) * (2 / shape[0]) ** 0.5 for key, shape in zip(keys, LAYERS, strict=True)]
    return [{"kernel": kernel, "bias": jnp.zeros(kernel.shape[1])} for kernel in weights]


def network(params: Any, images: Any) -> jax.Array:
    *hidden, head = params
    for layer in hidden:
        images = jax.nn.relu(images @ layer["kernel"] + layer["bias"])
    return images @ head["kernel"] + head["bias"]


def loss_fn(params: Any, batch: Batch) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(network(params, batch.images), batch.labels).mean()


@jax.jit
def train_step(optimizer: optdsl.Optimizer, params: Any, state: Any, batch: Batch) -> tuple[Any, ...]:
    TRACED.append("Python runs while tracing only")
    loss, grads = jax.value_and_grad(loss_fn)(params, batch)
    updates, state = optimizer.update(grads, state, params)
    return optax.apply_updates(params, updates), state, loss, grads


def train(optimizer: optdsl.Optimizer, seed: int, steps: int) -> Training:
    params = initial(jax.random.key(seed))
    state = optimizer.init(params)
    for batch in batches(TRAINED_ON, seed, steps):
        params, state, loss, grads = train_step(optimizer, params, state, batch)
        yield loss, grads
    return accuracy(network(optimizer.eval_params(params, state), HELD_OUT.images), HELD_OUT)


if __name__ == "__main__":
    given = arguments(__doc__)
    plain = optdsl.compile("sgd(0.3)")
    centred = optdsl.compile("centralize(fan_in) | sgd(0.3)")
    for rate in (0.3, 0.03):
        pair = [optimizer.replace({"sgd.learning_rate": rate}) for optimizer in (plain, centred)]
        compare(train, {str(optimizer): optimizer for optimizer in pair}, given)
        print()
    print(f"train_step was traced {len(TRACED)} times, for 4 optimizers and {given.seeds} seed(s)")

"""Demonstration backend: an optimizer in, a stream of training records on handwritten digits out.

It knows the data, a small network and the loop; it does not know programs, terminals or files.
The digits ship inside scikit-learn, so nothing is downloaded.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

HELD_OUT = 360
LAYERS = (64, 128, 64, 10)
SUPPLIED = frozenset({"value", "grad", "value_fn"})

Params = dict[str, dict[str, jax.Array]]


class Digits(NamedTuple):
    """The images as float32 rows of 64 pixels in [0, 1], the labels as int32 from 0 to 9."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


class Evaluation(NamedTuple):
    """Loss over all training images and accuracy over all held-out images, after a step's update."""

    train_loss: float
    accuracy: float


class Progress(NamedTuple):
    """One training step: its number from 1, the batch loss before its update, and its wall seconds.

    The seconds of step 1 include tracing and compilation; `evaluation` is set at regular steps and the last.
    """

    step: int
    loss: float
    seconds: float
    evaluation: Evaluation | None

    @property
    def diverged(self) -> bool:
        """True where this step saw a loss that is infinite or not a number."""
        return not math.isfinite(self.loss) or (
            self.evaluation is not None and not math.isfinite(self.evaluation.train_loss)
        )


class Trainable(Protocol):
    """What training asks of an optimizer; `optdsl.Optimizer` has all of it.

    An `eval_params(params, state)` beside it, if there is one, gives the parameters to evaluate with.
    """

    @property
    def needs(self) -> frozenset[str]:
        """Names of the extra arguments that an update needs."""
        ...

    def init(self, params: Any) -> Any:
        """Return the state before the first step."""
        ...

    def train_step(self, loss_fn: Callable[..., jax.Array]) -> Callable[..., tuple[Any, Any, jax.Array]]:
        """Return compiled `(params, state, *batch) -> params, state, loss`."""
        ...


def load() -> Digits:
    """Return the 1797 digits, always split alike into 1437 for training and 360 held out.

    Raises ModuleNotFoundError, with the command that helps, where scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        message = "the handwritten digits come with scikit-learn: pip install 'optdsl[demo]'"
        raise ModuleNotFoundError(message, name=error.name) from error
    images, labels = load_digits(return_X_y=True)
    # The split ignores the user's seed, so that accuracies of different seeds compare.
    order = np.random.default_rng(0).permutation(len(labels))
    images = np.asarray(images, np.float32)[order] / 16
    labels = np.asarray(labels, np.int32)[order]
    return Digits(images[HELD_OUT:], labels[HELD_OUT:], images[:HELD_OUT], labels[:HELD_OUT])


def initial_params(seed: int, layers: tuple[int, ...] = LAYERS) -> Params:
    """Return the network's float32 parameters: He-normal kernels of shape (in, out), zero biases.

    Every call makes new arrays, because a training step may donate the ones it is given.
    """
    draw = np.random.default_rng([seed, 0])
    return {
        f"dense_{index}": {
            "kernel": jnp.array(draw.normal(0, math.sqrt(2 / fan_in), (fan_in, fan_out)), jnp.float32),
            "bias": jnp.zeros(fan_out, jnp.float32),
        }
        for index, (fan_in, fan_out) in enumerate(pairwise(layers))
    }


def logits(params: Params, images: jax.Array) -> jax.Array:
    """Return the network's scores, shape (batch, 10), for images of shape (batch, 64)."""
    hidden = images
    for index in range(len(params)):
        layer = params[f"dense_{index}"]
        inputs = jax.nn.relu(hidden) if index else hidden
        hidden = inputs @ layer["kernel"] + layer["bias"]
    return hidden


def loss(params: Params, images: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the mean cross-entropy, a float32 scalar."""
    log_probabilities = jax.nn.log_softmax(logits(params, images))
    return -jnp.take_along_axis(log_probabilities, labels[:, None], axis=1).mean()


@jax.jit
def _measure(params: Params, data: Digits) -> tuple[jax.Array, jax.Array]:
    images, labels = jnp.asarray(data.train_images), jnp.asarray(data.train_labels)
    guesses = logits(params, jnp.asarray(data.test_images)).argmax(axis=1)
    return loss(params, images, labels), (guesses == data.test_labels).sum()


def evaluate(params: Params, data: Digits) -> Evaluation:
    """Return the loss over the training images and the accuracy over the held-out ones."""
    train_loss, correct = _measure(params, data)
    return Evaluation(float(train_loss), int(correct) / len(data.test_labels))


def batches(data: Digits, seed: int, batch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches of `batch` images and labels without end, in an order the seed alone decides.

    Each epoch is a new shuffle whose incomplete last batch is left out: one shape, one compilation.
    """
    count = len(data.train_labels)
    if not 1 <= batch <= count:
        raise ValueError(f"the batch must be between 1 and {count} images, not {batch}")
    draw = np.random.default_rng([seed, 1])
    while True:
        order = draw.permutation(count)
        for start in range(0, count - batch + 1, batch):
            chosen = order[start : start + batch]
            yield data.train_images[chosen], data.train_labels[chosen]


def train(opt: Trainable, data: Digits, *, steps: int, seed: int, batch: int) -> Iterator[Progress]:
    """Yield one record a step, for the same parameters and batches whenever seed and batch are the same.

    Ends after the first record that has diverged. Raises ValueError where the optimizer needs extra
    arguments that a loss cannot supply, and whatever the optimizer itself raises.
    """
    if unknown := sorted(opt.needs - SUPPLIED):
        raise ValueError(f"the program needs {', '.join(unknown)} at each update, which `train` cannot supply")
    params: Any = initial_params(seed)
    state = opt.init(params)
    advance = opt.train_step(loss)
    interval = max(1, steps // 50)
    on_device = jax.device_put(data)
    evaluate(params, on_device)  # JAX's own first-use costs are not the first program's compile time
    for number, arrays in zip(range(1, steps + 1), batches(data, seed, batch), strict=False):
        # The copy to the device and the evaluation stay outside the clock: it times the step alone.
        inputs = jax.block_until_ready(jax.device_put(arrays))
        start = time.perf_counter()
        params, state, value = jax.block_until_ready(advance(params, state, *inputs))
        seconds = time.perf_counter() - start
        evaluated = None
        if math.isfinite(value) and (number in (1, steps) or number % interval == 0):
            evaluated = evaluate(_evaluated_params(opt, params, state), on_device)
        record = Progress(number, float(value), seconds, evaluated)
        yield record
        if record.diverged:
            return


def _evaluated_params(opt: Trainable, params: Any, state: Any) -> Any:
    # Averaging optimizers evaluate elsewhere than they step; a plain Optax stand-in has no such method.
    choose = getattr(opt, "eval_params", None)
    return params if choose is None else choose(params, state)

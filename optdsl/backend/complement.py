"""Numbers next to 1 with their complement: `b` and `1 - b`, each with all digits that its dtype has.

In float32, `1 - 0.999` is wrong in the fifth digit. The host computes it in double precision and hands it over beside
the number; arithmetic of Python on the pair then gives what it gives on the Python number.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp


@jax.tree_util.register_dataclass
@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """A share of 1, shape (), that knows what is left of 1."""

    value: Any
    rest: Any

    @classmethod
    def of(cls, number: float) -> "Share":
        """Returns a Python number as a pair of weakly typed scalars."""
        return cls(jnp.asarray(float(number)), jnp.asarray(1 - float(number)))

    def __jax_array__(self) -> Any:
        return self.value

    def __sub__(self, other: Any) -> Any:
        return -self.rest if _is_one(other) else self.value - other

    def __rsub__(self, other: Any) -> Any:
        return self.rest if _is_one(other) else other - self.value

    def __add__(self, other: Any) -> Any:
        return self.value + other

    def __radd__(self, other: Any) -> Any:
        return other + self.value

    def __mul__(self, other: Any) -> Any:
        return self.value * other

    def __rmul__(self, other: Any) -> Any:
        return other * self.value

    def __truediv__(self, other: Any) -> Any:
        return self.value / other

    def __rtruediv__(self, other: Any) -> Any:
        return other / self.value

    def __pow__(self, other: Any) -> Any:
        return self.value**other

    def __rpow__(self, other: Any) -> Any:
        return other**self.value

    def __neg__(self) -> Any:
        return -self.value

    # Comparisons go to the number, so that what decides in Python finds a tracer and not an object.

    def __eq__(self, other: object) -> Any:
        return self.value == other

    def __ne__(self, other: object) -> Any:
        return self.value != other

    def __lt__(self, other: Any) -> Any:
        return self.value < other

    def __le__(self, other: Any) -> Any:
        return self.value <= other

    def __gt__(self, other: Any) -> Any:
        return self.value > other

    def __ge__(self, other: Any) -> Any:
        return self.value >= other

    __hash__ = None  # type: ignore[assignment]


def _is_one(other: Any) -> bool:
    return isinstance(other, (int, float)) and other == 1

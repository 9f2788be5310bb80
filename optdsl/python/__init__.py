"""Back to plain Optax: `ir.Chain` -> Python source that builds the same transformation with Optax alone.

In: the meaning of a program, as resolved. Out: text. It knows nothing of how programs are written or run, and
imports neither jax nor Optax.
"""

from optdsl.python.translate import to_python

__all__ = ["to_python"]

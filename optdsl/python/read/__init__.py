"""From Python: source that builds an Optax transformation -> a program, read as text and never run.

In: Python, as `Source`. Out: `Program`, or findings about the source. Nothing of it is imported or evaluated, and
neither jax nor Optax is needed: what a name means is decided by how it is imported, and by the registry.
"""

from optdsl.python.read.module import from_python, read

__all__ = ["from_python", "read"]

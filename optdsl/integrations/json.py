"""Integrations, JSON: programs among the values that `json` writes. Reading needs nothing: see `load`."""

from optdsl.syntax.ast import Program


def default(value: object) -> str:
    """Returns the text of a program, for `json.dumps(config, default=default)`. Raises `TypeError` on anything else."""
    if isinstance(value, Program):
        return value.text
    raise TypeError(f"{type(value).__name__} is not JSON serializable")

"""A whole program -> a module: a header, imports, what stands above the chain, and the chain."""

import ast
import textwrap
from collections.abc import Mapping

from optdsl import ir
from optdsl.python.freezing import frozen, without_frozen
from optdsl.python.groups import freeze
from optdsl.python.layout import Code, render
from optdsl.python.stages import chain
from optdsl.python.writer import Writer

_COMMENT_WIDTH = 96
_STANDARD = {"math": "import math", "re": "import re", "NamedTuple": "from typing import NamedTuple"}
_PACKAGES = {
    "jax": "import jax",
    "jnp": "import jax.numpy as jnp",
    "optax": "import optax",
    "contrib": "from optax import contrib",
}


def to_python(
    program: ir.Chain,
    *,
    layout: str = "flax",
    stacked: Mapping[str, int] | tuple[tuple[str, int], ...] = (),
    text: str = "",
) -> str:
    """Returns source of a module that builds the same transformation with plain Optax and binds it to `tx`.

    If holes hold Python objects, the module defines a function of them, `make`, instead. `text` is the
    program as it is written, for the header.

    >>> print(to_python(ir.Chain((ir.Stage("adam", (ir.Argument("learning_rate", 1e-3),)),))), end="")
    import optax
    <BLANKLINE>
    tx = optax.adam(1e-3)
    """
    pairs = tuple(stacked.items()) if isinstance(stacked, Mapping) else tuple(stacked)
    writer = Writer(layout, pairs)
    leaving = frozen(program)
    code = chain(program if leaving is None else without_frozen(program), writer)
    if leaving is not None:
        code = freeze(leaving, code, writer)
    functions = [_spaced(source) for source in writer.snippets.values()]
    body = "".join(functions) + _main(code, writer, bool(functions))
    return _header(text) + _imports(body) + body


def _spaced(source: str) -> str:
    return f"\n\n{source}\n"


def _main(code: Code, writer: Writer, after_functions: bool) -> str:
    """Returns the definitions and the chain, inside a function if Python objects have to come in."""
    if writer.holes:
        return _make(code, writer)
    assignment = f"tx = {render(code, used=len('tx = '))}\n"
    if not writer.definitions:
        return ("\n\n" if after_functions else "\n") + assignment
    text = ""
    function_before = after_functions
    for source in writer.definitions:
        is_function = source.startswith("def ")
        text += ("\n\n" if is_function or function_before else "\n") + source + "\n"
        function_before = is_function
    return text + ("\n\n" if function_before else "\n") + assignment


def _make(code: Code, writer: Writer) -> str:
    names = list(writer.holes.values())
    lines = [
        f"def make({', '.join(names)}):",
        '    """Returns the transformation; the arguments fill the holes."""',
    ]
    lines += [""] if writer.definitions else []
    for source in writer.definitions:
        lines += [textwrap.indent(source, "    "), ""]
    lines.append(f"    return {render(code, 4, len('return '))}")
    filled = ", ".join(f"{name}=..." for name in names)
    return "\n\n" + "\n".join(lines) + f"\n\n\n# Fill in: tx = make({filled})\n"


def _header(text: str) -> str:
    lines = [
        part
        for line in textwrap.dedent(text.strip("\n")).rstrip().splitlines()
        for part in textwrap.wrap(line, _COMMENT_WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
    ]
    commented = [f"# {line}".rstrip() for line in lines]
    return "\n".join(commented) + "\n\n" if commented else ""


def _imports(body: str) -> str:
    """Returns the imports of the names that `body` uses."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    groups = [[line for name, line in table.items() if name in used] for table in (_STANDARD, _PACKAGES)]
    return "\n".join("\n".join(lines) + "\n" for lines in groups if lines)

"""One program's whole story, from its text to its state, in one golden file; `make golden` writes it."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import optdsl
from optdsl.diagnostics.render import render
from optdsl.semantics.resolve import resolve
from optdsl.source import Source
from optdsl.syntax.parser import parse

STORY = Path(__file__).with_name("story.txt")
PROGRAM = """\
# Fine-tuning: embeddings stay, matrices are centred, the average is what is evaluated.
peak=3e-4;rate = 0 -> linear(peak, 10%) -> cosine(0.1*peak);
def guarded(bound, inner) = clip_norm(bound) | inner;
freeze where embed/**   # never trained
| skip_nonfinite(5) { guarded(1, centralize(axes=fan_in) where ndim>1 | scale_by_adam(b2=:b2 ?? 0.95)) }
| decay(0.1 where not (bias or norm)) | lr(rate) | average(:keep)
"""
HOLES: dict[str, Any] = {"total": 1000, "keep": 0.999}
MISTAKES = PROGRAM.replace("centralize", "centralise").replace("b2=", "beta2=").replace("cosine(", "cosin(")
PARAMETERS = {
    "embed": {"kernel": (5, 4)},
    "dense": {"kernel": (4, 3), "bias": (3,)},
}


def pretty(node: Any, indent: str = "") -> str:
    """Returns a node of the intermediate form over several lines, without places."""
    inside = indent + "    "
    if is_dataclass(node) and not isinstance(node, type):
        parts = [f"{part.name}={pretty(getattr(node, part.name), inside)}" for part in fields(node) if part.compare]
        name, brackets = type(node).__name__, "()"
    elif isinstance(node, tuple):
        parts = [pretty(item, inside) for item in node]  # pyright: ignore[reportUnknownVariableType]
        name, brackets = "", "[]"
    else:
        return repr(node)
    line = f"{name}{brackets[0]}{', '.join(parts)}{brackets[1]}"
    if len(indent) + len(line) <= 88 and "\n" not in line:
        return line
    lines = "".join(f"{inside}{part},\n" for part in parts)
    return f"{name}{brackets[0]}\n{lines}{indent}{brackets[1]}"


def meaning(text: str) -> str:
    program, _ = parse(Source(text))
    assert program is not None
    return pretty(resolve(program, HOLES).chain)


def rendered(text: str, **holes: Any) -> str:
    return "".join(render(finding, width=100) for finding in optdsl.check(text, **holes)) or "nothing\n"


def shapes() -> Any:
    def shape(axes: tuple[int, ...]) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(axes, jnp.float32)

    return jax.tree.map(shape, PARAMETERS, is_leaf=lambda node: isinstance(node, tuple))


def state(optimizer: optdsl.Optimizer) -> Iterator[str]:
    """Yields the leaves of the state, each by path, dtype and shape."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(optimizer.init(shapes())):
        yield f"{jax.tree_util.keystr(path)}: {leaf.dtype}[{','.join(map(str, leaf.shape))}]"


def story() -> Iterator[str]:
    """Yields the chapters."""
    optimizer = optdsl.compile(PROGRAM, **HOLES)
    chapters = {
        "the program": PROGRAM,
        "formatted": optdsl.format(PROGRAM),
        "its holes filled": str(optimizer),
        "what is said about it": rendered(PROGRAM, **HOLES),
        "what is said about it without its holes": rendered(PROGRAM),
        "what is said about three slips in it": rendered(MISTAKES, **HOLES),
        "what it means": meaning(PROGRAM),
        "fingerprint": optimizer.fingerprint,
        "its numbers": "\n".join(f"{path} = {_number(value)}" for path, value in optimizer.hyperparams.items()),
        "its state": "\n".join(state(optimizer)),
        "as plain Optax": optdsl.to_python(PROGRAM, **HOLES),
    }
    for title, text in chapters.items():
        yield f"==== {title}\n\n{text.rstrip()}\n"


def _number(value: Any) -> str:
    return "a schedule" if callable(value) else str(value)


def test_the_story(golden: Callable[[Path, str], None]) -> None:
    golden(STORY, "\n".join(story()))


def test_the_story_does_not_depend_on_the_run() -> None:
    assert list(story()) == list(story())


@pytest.mark.parametrize("step", [0, 50, 100, 1000])
def test_the_program_of_the_story_runs(step: int) -> None:
    """A golden file only says that nothing changed; this says that what it shows is true."""
    schedule = optdsl.compile(PROGRAM, **HOLES).hyperparams["lr.learning_rate"]
    want = 3e-4 * step / 100 if step <= 100 else 3e-5
    assert abs(float(schedule(step)) - want) < 1e-9

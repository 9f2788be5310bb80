"""What only looks at text needs neither jax nor Optax, whatever the program says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

TEXTS = (
    "clip(1.0) | centralize(axes=-1) | adam(1e-3)",
    "sgd(warmup_cosine_decay_schedule(0, :peak ?? 0.1, 1k, 10k), nesterov=true)",
    "def damped(x) = scale(x) | ema(0.9); apply_if_finite(3) { damped(0.5) | adamw(1e-3, mu_dtype=bfloat16) }",
    "match { embed/** => freeze, ndim > 1 => muon(0.02), else => adam(0 -> linear(1e-3, 10)) }",
    "live rate = 1e-3; adam(rate * 0.5) | decay(0.1 where kernel)",
    "clip(1.0) | adm(1e-3, betas=(0.9, 0.99)",
    "optax.masked(adam(1e-3))",
    "",
)

ASKING = """
import optdsl, sys
for text in {texts!r}:
    optdsl.check(text)
    optdsl.check(text, peak=0.1, params=None)
    try:
        program = optdsl.parse(text)
    except optdsl.OptdslError as error:
        str(error), [finding.to_dict() for finding in error.diagnostics]
        continue
    str(program), optdsl.format(program), optdsl.check(program)
loaded = {{"jax", "jaxlib", "optax", "numpy", "scipy"}} & sys.modules.keys()
print("loaded:", *sorted(loaded))
"""

COMPILING = """
import optdsl, sys
try:
    optdsl.compile("clip(1.0) | adm(1e-3)")
except optdsl.OptdslError:
    print("loaded:", *sorted({"jax", "optax"} & sys.modules.keys()))
"""

ELSEWHERE = (
    *("jax", "jaxlib", "optax", "numpy", "scipy", "sklearn", "matplotlib"),
    *("rich", "prompt_toolkit", "pygls", "yaml", "tomllib", "asyncio", "difflib", "importlib.metadata"),
    *("pathlib", "urllib.parse", "decimal", "json", "optdsl.registry.prose"),
    *("optdsl.backend", "optdsl.passes", "optdsl.python", "optdsl.explanation", "optdsl.leaf_table"),
    *("optdsl.embedded", "optdsl.registry.entry_points", "optdsl.diagnostics.page"),
    *("optdsl.globs", "optdsl.regex", "optdsl.syntax.mistakes"),
    *("optdsl.syntax.format", "optdsl.semantics.fill", "optdsl.semantics.printed", "optdsl.semantics.bind"),
    *("optdsl.registry.registered", "optdsl.registry.elsewhere", "optdsl.diagnostics.render"),
)
"""What a check of a good program has no use for."""
HELPERS = ("argparse",)
"""What a check in Python has no use for beside that; Lark brings many parts of Python."""
COMPILER = ("lark", "dataclasses", "inspect", "decimal", "json", "optdsl.ir", "optdsl.syntax", "optdsl.semantics")
"""What help has no use for either."""

COMMAND = """
import sys
from optdsl.cli import main
assert main({arguments!r}) == 0
print("loaded:", *(name for name in {names!r} if name in sys.modules))
"""


def last_line(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("code", [ASKING.format(texts=TEXTS), COMPILING], ids=["ask", "compile an error"])
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert last_line(code) == "loaded:"


def test_importing_the_package_loads_nothing_of_it() -> None:
    loaded = "*sorted(name for name in sys.modules if name.startswith('optdsl'))"
    assert last_line(f"import optdsl, sys; print({loaded})") == "optdsl"


SHOWN = ("jax", "jaxlib", "optax", "numpy", "sklearn", "matplotlib", "optdsl.backend")
"""What a command that only shows text has no use for."""


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--help"], ELSEWHERE + COMPILER),
        (["check", "--help"], ELSEWHERE + COMPILER),
        (["check", "-e", "clip(1.0) | adam(1e-3)"], ELSEWHERE),
        (["codes"], SHOWN),
        (["codes", "E205"], SHOWN),
        (["codes", "W512"], SHOWN),
        (["list"], SHOWN),
        (["doc", "adam"], SHOWN),
        (["explain", "-e", "adam(1e-3)"], SHOWN),
        (["python", "-e", "adam(1e-3)"], SHOWN),
    ],
    ids=" ".join,
)
def test_a_command_loads_what_it_uses(arguments: list[str], names: tuple[str, ...]) -> None:
    assert last_line(COMMAND.format(arguments=arguments, names=names)) == "loaded:"


def test_a_check_in_python_loads_what_it_uses() -> None:
    code = f"import optdsl, sys; assert not optdsl.check('adam(1e-3)'); names = {ELSEWHERE + HELPERS!r}"
    assert last_line(f"{code}; print('loaded:', *(name for name in names if name in sys.modules))") == "loaded:"

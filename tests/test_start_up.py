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


def last_line(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("code", [ASKING.format(texts=TEXTS), COMPILING], ids=["ask", "compile an error"])
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert last_line(code) == "loaded:"

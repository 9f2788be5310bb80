"""The layers of ARCHITECTURE.md hold: who may import whom, which package belongs where, what is never loaded.

Imports inside functions and under TYPE_CHECKING count as well; so does `import_module` with a literal name.
"""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "optdsl"
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
MODULES = sorted(PACKAGE.rglob("*.py"))

# The package's own front doors stand in the layer whose work they do.
FRONT_DOORS = {"__init__": "api", "__main__": "cli"}


class Place(NamedTuple):
    """Where a part stands; parts that share a place know each other, other parts of the same level do not."""

    level: int
    within: int


class Import(NamedTuple):
    name: str
    line: int


def layers(table: str) -> dict[str, Place]:
    """Returns the place of each part in a table such as `0 source   1 syntax | registry   2 cli, repl`."""
    bare = re.sub(r"\([^)]*\)", "", table)
    levels = re.findall(r"(\d+)\s+([^\d]+)", bare)
    return {
        part.strip(): Place(int(level), within)
        for level, parts in levels
        for within, together in enumerate(parts.split("|"))
        for part in together.split(",")
    }


def homes(table: str) -> dict[str, tuple[str, ...]]:
    """Returns where each package may be imported, from lines such as `jax optax: backend/`."""
    rows = (line.split(":") for line in table.splitlines())
    return {name: tuple(places.split()) for names, places in rows for name in names.split()}


def indented(first: str) -> str:
    """Returns the indented block of ARCHITECTURE.md whose first line begins with `first`."""
    found = re.search(rf"^    {re.escape(first)}.*\n(?:    .*\n)*", ARCHITECTURE, re.MULTILINE)
    assert found, f"ARCHITECTURE.md has no indented block that begins with `{first}`"
    return found.group()


LAYERS = layers(indented("0 source"))
HOMES = homes(indented("lark:"))


def part_of(module: Path) -> str:
    """Returns the part of the package that `module` belongs to, a name of the table."""
    first = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return FRONT_DOORS.get(first, first)


def imports_of(module: Path) -> Iterator[Import]:
    """Yields the full name of everything that `module` imports, one for each name of a `from` import."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (Import(alias.name, node.lineno) for alias in names)
            case ast.ImportFrom(names=names):
                base = absolute(module, node)
                yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in names)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield Import(name, node.lineno)
            case _:
                pass


def absolute(module: Path, node: ast.ImportFrom) -> str:
    """Returns the module that a `from` import names, with the leading dots resolved."""
    if not node.level:
        return node.module or ""
    package = module.relative_to(ROOT).parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def imported_part(name: str) -> str | None:
    """Returns the part of optdsl that an import names: `api` for the front door, None for other packages."""
    first, _, rest = name.partition(".")
    if first != "optdsl":
        return None
    part = rest.split(".")[0]
    return part if part in LAYERS else "api"


def allowed(importer: str, imported: str) -> bool:
    here, there = LAYERS[importer], LAYERS[imported]
    return there.level < here.level or there == here


def test_the_table_is_read_as_it_is_written() -> None:
    table = layers("    0 source   1 syntax | registry   2 backend (jax, optax)   10 cli, repl\n")
    assert table == {
        "source": (0, 0),
        "syntax": (1, 0),
        "registry": (1, 1),
        "backend": (2, 0),
        "cli": (10, 0),
        "repl": (10, 0),
    }
    assert homes("lark: syntax/parser.py syntax/tables.py\njax optax: backend/")["optax"] == ("backend/",)


def test_the_layers_are_those_the_compiler_needs() -> None:
    order = ("source", "diagnostics", "syntax", "ir", "semantics", "backend", "api", "cli")
    levels = [LAYERS[part].level for part in order]
    assert levels == sorted(set(levels))
    assert not allowed("syntax", "registry")
    assert not allowed("registry", "syntax")


def test_every_part_of_the_package_stands_in_the_table() -> None:
    assert {part_of(module) for module in MODULES} <= LAYERS.keys()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_from_below(module: Path) -> None:
    importer = part_of(module)
    upward = [
        f"line {line}: {name}"
        for name, line in imports_of(module)
        if (part := imported_part(name)) and not allowed(importer, part)
    ]
    assert not upward, f"{importer} stands below what it imports"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_packages_are_imported_only_at_home(module: Path) -> None:
    here = module.relative_to(PACKAGE).as_posix()
    strays = [
        f"line {line}: {name}"
        for name, line in imports_of(module)
        if (places := HOMES.get(name.split(".")[0])) and not here.startswith(places)
    ]
    assert not strays


def test_pyright_is_strict_everywhere_but_in_the_backend() -> None:
    strict = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pyright"]["strict"]
    folders = {module.relative_to(PACKAGE).parts[0] for module in MODULES if module.parent != PACKAGE}
    assert {"optdsl/*.py", *(f"optdsl/{folder}" for folder in folders - {"backend"})} <= set(strict)
    assert "optdsl/backend" not in strict


FRONT = """
import optdsl
optdsl.parse("clip( 1.0 ) | adam(1e-3)")
optdsl.check("clip(1.0) | adm(1e-3)")
optdsl.format("clip( 1.0 ) | adam(1e-3)")
"""
HELP = """
from optdsl.cli import main
try:
    main(["--help"])
except SystemExit as done:
    assert not done.code
"""
CHECK = 'from optdsl.cli import main\nassert main(["check", "-e", "clip(1.0) | adam(1e-3)"]) == 0'
FORMAT = 'from optdsl.cli import main\nassert main(["fmt", "program.opt"]) == 0'


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import optdsl", ("jax", "optax", "lark", "numpy", "rich", "prompt_toolkit")),
        (FRONT, ("jax", "optax", "numpy")),
        (CHECK, ("jax", "optax", "numpy")),
        (FORMAT, ("jax", "optax", "numpy")),
        (HELP, ("jax", "optax", "numpy", "lark")),
    ],
    ids=["import", "parse, check, format", "optdsl check", "optdsl fmt", "optdsl --help"],
)
def test_what_is_never_loaded(code: str, unwanted: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "program.opt").write_text("clip( 1.0 ) | adam(1e-3)\n")
    report = f"{code}\nimport sys\nprint('loaded:', *sorted({set(unwanted)} & sys.modules.keys()))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", report]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded:"

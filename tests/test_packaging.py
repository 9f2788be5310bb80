"""The sdist and the wheel built from it are whole, and work in a fresh environment from any directory.

No network is needed: the fresh environment borrows what optdsl depends on from the one that runs the tests,
through a `.pth` file: its folders are searched last, and `.pth` files in them (an editable optdsl) not read.
"""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

RUN = """
import optdsl, jax.numpy as jnp
optimizer = optdsl.compile("clip(1.0) | sgd(0.5)")
params = {"w": jnp.array([1.0, 2.0])}
updates, _ = optimizer.update({"w": jnp.array([3.0, -0.5])}, optimizer.init(params), params)
print(updates["w"].tolist())
"""


class Fresh(NamedTuple):
    """An environment into which nothing but the wheel is installed."""

    folder: Path

    def command(self, name: str) -> str:
        scripts = sysconfig.get_path("scripts", "venv", {"base": str(self.folder), "platbase": str(self.folder)})
        return str(Path(scripts) / name)

    def site_packages(self) -> Path:
        return Path(sysconfig.get_path("purelib", "venv", {"base": str(self.folder)}))


def run(*command: str, cwd: Path, status: int = 0) -> str:
    """Returns what the command prints; it must end with `status`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with the sdist of the working tree and the wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT), cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """Returns a new environment with the wheel installed, and nothing else of its own."""
    fresh = Fresh(tmp_path_factory.mktemp("fresh"))
    venv.create(fresh.folder, symlinks=os.name != "nt")
    install = ["-m", "pip", "--python", fresh.command("python"), "install", "--no-deps", "--no-index"]
    run(sys.executable, *install, "--no-cache-dir", str(wheel), cwd=fresh.folder)
    borrowed = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (fresh.site_packages() / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    return fresh


def test_the_wheel_holds_the_package(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "optdsl").rglob("*.py")}
    data = {"optdsl/py.typed", "optdsl/syntax/optdsl.lark", "optdsl/syntax/tables.bin"}
    metadata = {name for name in names if ".dist-info/" in name}
    assert names - metadata == sources | data
    assert any(name.endswith("/licenses/LICENSE") for name in metadata)


def test_the_grammar_is_that_of_the_repository(wheel: Path) -> None:
    shipped = ZipFile(wheel).read("optdsl/syntax/optdsl.lark")
    assert shipped == (ROOT / "grammar" / "optdsl.lark").read_bytes()


def test_the_sdist_holds_what_the_tests_need(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        "grammar/optdsl.lark",
        "optdsl/syntax/tables.bin",
        "tests/test_packaging.py",
        "tools/conformance.py",
    }
    assert wanted | {"Makefile", "constraints.txt", "LICENSE", "README.md", "pyproject.toml"} <= names


def test_the_installed_package_is_the_one_that_runs(fresh: Fresh, tmp_path: Path) -> None:
    where = run(fresh.command("python"), "-c", "import optdsl; print(optdsl.__file__)", cwd=tmp_path)
    assert fresh.site_packages() in Path(where.strip()).parents


def test_it_formats_and_runs_a_program(fresh: Fresh, tmp_path: Path) -> None:
    formatting = "import optdsl; print(optdsl.format('clip( 1.0 )|adam(1e-3)'))"
    assert run(fresh.command("python"), "-c", formatting, cwd=tmp_path).strip() == "clip(1.0) | adam(1e-3)"
    assert run(fresh.command("python"), "-c", RUN, cwd=tmp_path).strip() == "[-0.5, 0.25]"


def test_both_commands_check_a_program(fresh: Fresh, tmp_path: Path) -> None:
    for command in ([fresh.command("optdsl")], [fresh.command("python"), "-m", "optdsl"]):
        run(*command, "check", "-e", "adam(1e-3)", cwd=tmp_path)
        found = run(*command, "check", "-e", "adm(1e-3)", cwd=tmp_path, status=1)
        assert "`adam`" in found

"""Stages that installed packages declare: found by their names alone, imported for these and for nothing else."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optax
import pytest

import optdsl
from optdsl import registry
from optdsl.cli import main
from optdsl.registry import registered as home


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers for good is gone after it."""
    monkeypatch.setattr(home, "_ALWAYS", {})


def codes(text: str, **holes: Any) -> list[str]:
    """Returns what is wrong with names, forms and values; whether a chain is a whole optimizer is not asked here."""
    return [finding.code for finding in optdsl.check(text, **holes) if finding.code < "E3"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Returns a function that installs a package: the names it declares, and its code."""
    before = set(sys.modules)

    def install(name: str, declares: dict[str, str], code: str) -> None:
        (tmp_path / f"{name}.py").write_text(code)
        information = tmp_path / f"{name}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"{stage} = {place}" for stage, place in declares.items()]
        (information / "entry_points.txt").write_text("\n".join(["[optdsl.transforms]", *lines, ""]))
        monkeypatch.syspath_prepend(str(tmp_path / ".." / tmp_path.name / "."))
        monkeypatch.syspath_prepend(str(tmp_path))

    yield install
    for module in set(sys.modules) - before:
        if module.startswith("given_"):
            del sys.modules[module]


def test_a_package_is_imported_when_its_name_is_asked_for_and_not_before(package: Callable[..., None]) -> None:
    code = "import optax\ndef centre(gain: float = 0.5):\n    'Centres.'\n    return optax.scale(gain)\n"
    package("given_centre", {"centre": "given_centre:centre"}, code)
    assert codes("adam(1e-3) | unheard_of(1)") == ["E201"]
    assert codes("given_centre.centre(1)") == ["E201"]
    assert codes("adam(centr)") == ["E203"]
    optdsl.format("centre(1)")
    assert "centre" in registry.names()
    (finding,) = optdsl.check("centr(1) | adam(1e-3)")
    assert finding.help == "write `centre`"
    assert "given_centre" not in sys.modules
    assert codes("centre(gain=0.1) | centre") == []
    assert "given_centre" in sys.modules
    row = registry.lookup("centre")
    assert row is not None
    assert (row.prose.summary, row.target) == ("Centres.", "given_centre:centre")


def test_a_package_never_stands_in_for_a_known_name(package: Callable[..., None]) -> None:
    declares = {"adam": "given_thief:adam", "centre": "given_thief:adam", "match": "given_thief:adam"}
    package("given_thief", declares, "raise RuntimeError")
    with optdsl.registered(centre=optax.scale):
        assert codes("centre(1) | adam(1e-3)") == []
        assert codes("match { kernel => adam(1e-3), else => freeze }") == []
        str(optdsl.explain("match { kernel => adam(1e-3), else => freeze }"))
    assert codes("adam(1e-3) as centre | :tx", tx=optax.identity()) == []
    assert "given_thief" not in sys.modules


def test_a_package_may_decorate_what_it_declares(package: Callable[..., None]) -> None:
    code = (
        "import optax, optdsl\n@optdsl.transform(traits=optdsl.Traits(sign=-1))\n"
        "def down(rate: float):\n    return optax.sgd(rate)\n"
    )
    package("given_down", {"down": "given_down:down"}, code)
    row = registry.lookup("down")
    assert row is not None
    assert row.traits == optdsl.Traits(sign=-1)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('no GPU')", "given_bad declares it, and loading it failed: RuntimeError: no GPU"),
        ("centre = 3", "given_bad declares it, and loading it failed: TypeError: .*not int"),
        ("", "given_bad declares it, and loading it failed: AttributeError"),
        ("def centre(*sizes): ...", r"given_bad declares it, .*ValueError: .*`\*sizes`"),
    ],
)
def test_a_package_that_fails_is_a_finding(package: Callable[..., None], code: str, reason: str) -> None:
    package("given_bad", {"centre": "given_bad:centre"}, code)
    (finding,) = optdsl.check("centre(1)")
    assert finding.code == "E201"
    assert finding.message == f"there is no stage `centre`: {registry.failure('centre')}"
    assert re.search(reason, finding.message)
    assert main(["doc", "centre"]) == 1


def test_two_packages_that_declare_one_name_are_a_finding(package: Callable[..., None]) -> None:
    for name in ("given_one", "given_two"):
        package(name, {"centre": f"{name}:centre"}, "def centre(): ...")
    (finding,) = optdsl.check("centre(1)")
    assert finding.message == "there is no stage `centre`: given_one and given_two both declare it"
    assert not {"given_one", "given_two"} & sys.modules.keys()

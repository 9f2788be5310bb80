"""Options, platform and profiles of all tests. Nothing here imports jax, which many tests do without."""

import difflib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("JAX_PLATFORMS", "cpu")

# A first call compiles, so time per example says nothing. CI draws the same examples every time.
settings.register_profile("optdsl", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("optdsl")

Golden = Callable[[Path, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files instead of comparing")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --update-golden, only the tests that have golden files run."""
    if not config.getoption("--update-golden"):
        return
    others = [item for item in items if "golden" not in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Returns a function that asserts that the file holds the text, or writes it under --update-golden."""
    update = request.config.getoption("--update-golden")

    def compare(path: Path, text: str) -> None:
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        assert path.exists(), f"{path.name} does not exist; `make golden` writes it"
        before = path.read_text(encoding="utf-8")
        if before != text:
            lines = difflib.unified_diff(before.splitlines(), text.splitlines(), "golden", "now", lineterm="")
            pytest.fail("\n".join([*lines, "`make golden` accepts the change"]), pytrace=False)

    return compare


@pytest.fixture(scope="module")
def quick_compiler() -> Iterator[None]:
    """Compiles with few optimizations, for modules that compile much and compare what was compiled alike."""
    import jax

    jax.clear_caches()
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
    jax.clear_caches()

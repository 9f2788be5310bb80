"""The reference: generated pages are current, nothing is missing in them, and the site builds without a warning."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from optdsl.assist.words import FUNCTIONS, SEGMENTS
from optdsl.diagnostics.codes import CODES
from optdsl.registry import Kind, is_builtin, lookup, schedules, transforms
from optdsl.registry.traced import COMPLEMENTS, STRUCTURAL

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in (DOCS / "stages").glob("*.md") if path.name != "README.md")


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import write_catalogue

    return write_catalogue


def words() -> set[str]:
    return {row.name for row in (*transforms(), *schedules()) if is_builtin(row.name)}


def sections() -> dict[str, str]:
    """Returns the text of each section of the catalogue by its heading."""
    parts = [part for page in PAGES for part in page.read_text(encoding="utf-8").split("\n## ")[1:]]
    return {part.partition("\n")[0]: part for part in parts}


def test_the_generated_pages_are_current(writer: Any) -> None:
    assert writer.stale() == [], "run `make docs`"


def test_a_page_that_was_edited_is_stale(writer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(writer, "ROOT", tmp_path)
    monkeypatch.setattr(writer, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(writer, "FOLDER", tmp_path / "docs" / "stages")
    assert writer.main(["--check"]) == 1
    assert writer.main([]) == 0
    assert writer.main(["--check"]) == 0
    (tmp_path / "docs" / "grammar.md").write_text("# Grammar\n", encoding="utf-8")
    (tmp_path / "docs" / "stages" / "gone.md").write_text("# Gone\n", encoding="utf-8")
    assert writer.stale() == ["docs/grammar.md", "docs/stages/gone.md"]


def test_every_word_has_a_section_and_a_line() -> None:
    index = (DOCS / "stages" / "README.md").read_text(encoding="utf-8")
    assert words() - set(sections()) == set()
    assert set(re.findall(r"^\| \[(\w+)\]\([\w-]+\.md#\1\)", index, re.MULTILINE)) == words()
    schedule_page = (DOCS / "stages" / "schedules.md").read_text(encoding="utf-8")
    assert [name for name in (*SEGMENTS, *FUNCTIONS) if f"| `{name}(" not in schedule_page] == []


@pytest.mark.parametrize("name", sorted(words()))
def test_a_section_says_what_the_row_says(name: str) -> None:
    row, text = lookup(name), sections()[name]
    assert row is not None
    assert row.prose.summary in text
    assert row.prose.formula in text
    assert "```optdsl" in text
    table = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert table == {parameter.name for parameter in row.parameters}
    extras = row.traits.extras if row.traits else ()
    needs = next((line for line in text.splitlines() if line.startswith("- Each update needs")), "")
    assert [extra for extra in extras if f"`{extra}`" not in needs] == []
    assert ("the parameters" in needs) == (row.traits is not None and row.traits.needs_params)


def test_traced_is_what_was_measured(writer: Any) -> None:
    """The column is asked of the code that takes numbers out; here it is held against the measured table."""
    from catalogue_words import traced

    rows = [row for row in (*transforms(), *schedules()) if is_builtin(row.name)]
    for row in rows:
        for parameter in row.parameters:
            key, said = (row.name, parameter.name), traced(row, parameter)
            if parameter.kind not in (Kind.NUMBER, Kind.SCHEDULABLE) or key in STRUCTURAL:
                assert said == "", key
            else:
                shares = COMPLEMENTS | {("average", "decay")}
                assert said == ("up to 0.999" if key in shares else "yes"), key


def test_every_code_is_in_the_index() -> None:
    index = (DOCS / "codes" / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[(\w+)\]\(\1\.md\)", index, re.MULTILINE)) == set(CODES)


def test_every_recipe_is_in_the_cookbook() -> None:
    cookbook = (DOCS / "cookbook.md").read_text(encoding="utf-8")
    files = sorted((ROOT / "examples").glob("*.opt"))
    assert len(files) > 0
    for path in files:
        comment, _, program = path.read_text(encoding="utf-8").partition("\n")
        assert comment.startswith("# ")
        assert comment.removeprefix("# ") in " ".join(cookbook.split()), path
        assert f"\n{program}```\n" in cookbook, path


def test_every_rule_is_on_the_page_of_the_grammar() -> None:
    grammar = (ROOT / "grammar" / "optdsl.lark").read_text(encoding="utf-8")
    page = (DOCS / "grammar.md").read_text(encoding="utf-8")
    names = re.findall(r"^\??([A-Za-z_]+)(?:\.\d)?:", grammar, re.MULTILINE)
    assert len(names) > 30
    assert [name for name in names if not re.search(rf"^{name}(?:\.\d)?:", page, re.MULTILINE)] == []


class _Loaded(HTMLParser):
    """Collects what a page loads by itself: scripts, styles, pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("script", "img", "iframe", "source"):
            self.addresses.append(given.get("src", ""))
        if tag == "link" and given.get("rel") != "canonical":
            self.addresses.append(given.get("href", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert [line for line in done.stdout.splitlines() if not line.startswith("INFO ")] == []
    return folder


@pytest.mark.slow
def test_the_site_has_every_page(site: Path) -> None:
    for page in DOCS.rglob("*.md"):
        made = page.relative_to(DOCS).with_suffix(".html")
        assert (site / made.parent / made.name.replace("README", "index")).is_file(), page
    assert (site / "repository" / "ARCHITECTURE.html").is_file()
    assert (site / "repository" / "examples" / "frameworks" / "plain_jax.py.html").is_file()


@pytest.mark.slow
def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = _Loaded()
        loaded.feed(page.read_text(encoding="utf-8"))
        assert len(loaded.addresses) > 0
        assert [address for address in loaded.addresses if address.startswith(("http", "//"))] == [], page


@pytest.mark.slow
def test_no_fence_of_a_page_is_left_as_text(site: Path) -> None:
    """A fence that the converter does not understand comes out as a paragraph that begins with its marks."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "```" not in re.sub(r"<pre.*?</pre>|<code.*?</code>", "", text, flags=re.DOTALL), page

"""Hooks of mkdocs: what the pages need that are written to be read in the repository too.

In: Markdown of docs/. Out: Markdown for the site. Links to files outside docs/ lead to copies under `repository/`:
Markdown as a page, everything else as a page that shows it. Links to folders become plain text. What a fence says
behind its language is for tests/test_documents.py and goes. It knows no page by name.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
COPIES = "repository/"
LINK = re.compile(r"\[([^\[\]]*)\]\((?!\w+:|#)([^()\s#]+)(#[^()\s]*)?\)")
FENCE = re.compile(r"^( *`{3,}[a-z]+) [^\n`]+$", re.MULTILINE)
LANGUAGES = {".py": "python", ".opt": "optdsl", ".json": "json", ".yaml": "yaml", ".toml": "toml"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the files of the repository that pages link to, and those that these link to."""
    pages = [f"docs/{file.src_uri}" for file in files.documentation_pages()]
    for path in sorted(_reachable(pages)):
        text = (ROOT / path).read_text(encoding="utf-8")
        content = text if path.endswith(".md") else _shown(path, text)
        files.append(File.generated(config, _page_of(path), content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Returns the text of a page with its links and fences as the site wants them."""
    origin = _origin(page.file.src_uri)
    bare = FENCE.sub(r"\1", markdown)
    return LINK.sub(lambda link: _link(link, origin, page.file.src_uri), bare) if origin.endswith(".md") else bare


def _reachable(pages: list[str]) -> set[str]:
    """Returns the files outside docs/ that can be reached from `pages`."""
    found: set[str] = set()
    waiting = list(pages)
    while waiting:
        new = {path for path in _outside(waiting.pop()) if path not in found}
        found |= new
        waiting += [path for path in new if path.endswith(".md")]
    return found


def _outside(origin: str) -> Iterator[str]:
    for link in LINK.finditer((ROOT / origin).read_text(encoding="utf-8")):
        target = _target(link[2], origin)
        if (ROOT / target).is_file() and not target.startswith(("docs/", "../")):
            yield target


def _target(link: str, origin: str) -> str:
    """Returns the place in the repository that a link on the page `origin` leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(origin), link))


def _page_of(path: str) -> str:
    """Returns where the site keeps a file of the repository."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return COPIES + (path if path.endswith(".md") else f"{path}.md")


def _origin(src_uri: str) -> str:
    """Returns which file of the repository a page of the site is made from."""
    if not src_uri.startswith(COPIES):
        return f"docs/{src_uri}"
    path = src_uri.removeprefix(COPIES)
    return path if (ROOT / path).is_file() else path.removesuffix(".md")


def _link(link: re.Match[str], origin: str, src_uri: str) -> str:
    label, anchor = link[1], link[3] or ""
    target = _target(link[2], origin)
    if (ROOT / target).is_dir():
        return label if "`" in label else f"`{label}`"
    if not (ROOT / target).is_file():
        return link[0]  # a slip that mkdocs reports, or no link at all
    return f"[{label}]({posixpath.relpath(_page_of(target), posixpath.dirname(src_uri))}{anchor})"


def _shown(path: str, text: str) -> str:
    """Returns a page that shows a file."""
    marks = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`{3,}", text)), 3)
    return f"# {path}\n\n{marks}{LANGUAGES.get(Path(path).suffix, 'text')}\n{text}{marks}\n"

"""Pages that are generated: files with their texts in; written into their folder, or compared with what lies there."""

from collections.abc import Mapping
from pathlib import Path


def write(texts: Mapping[Path, str], folder: Path) -> None:
    """Writes the files, and removes the pages of `folder` that are not among them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in set(folder.glob("*.md")) - set(texts):
        path.unlink()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")


def stale(texts: Mapping[Path, str], folder: Path) -> list[Path]:
    """Returns the files that are not what would be written, and those of `folder` that would not be there."""
    wrong = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return sorted([*wrong, *(set(folder.glob("*")) - set(texts))])

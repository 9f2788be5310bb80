"""LSP, programs in YAML, TOML and JSON: a file in, the values out that a key or a `# optdsl` comment marks."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from optdsl.embedded.find import read
from optdsl.embedded.tree import Malformed, source, strings
from optdsl.lsp.programs import Found
from optdsl.source import Source

_MARK = re.compile(r"#\s*optdsl\b")
_ONLY_MARK = re.compile(r"\s*#\s*optdsl\b")
_HEADER_MARK = re.compile(r".*(?::|[|>][-+0-9]*)\s+#\s*optdsl\b")
_ALWAYS = "optdsl"
_USUAL = re.compile(r"(?:^|[._])(?:optimizer|optimiser|opt|tx)(?:\.(?:spec|program|text|value))?$")
"""Keys that hold optimizers by their name; of those only values that read like a program of ours are taken."""
_LIKE_A_PROGRAM = re.compile(r"(?:\s|#[^\n]*\n)*(?:def |live )?[A-Za-z_]\w*\s*(?:[({|;]|=(?!=)|->)")


def find(host: Source, keys: Sequence[str]) -> tuple[Found, ...]:
    """Returns the programs of a file by place; none of one that is not of its format."""
    try:
        found_strings = list(strings(read(host)))
    except (Malformed, RecursionError):  # the editor's own tools say what is wrong with the file
        return ()
    lines = host.text.split("\n")
    found: list[tuple[int, Source]] = []
    for way, text in found_strings:
        if _may_be(way, host, keys):
            program = source(text, host, way)
            if _is_marked(way, program, host, lines, keys):
                found.append((text.start, program))
    return tuple(Found(program) for _, program in sorted(found, key=lambda pair: pair[0]))


def _may_be(way: str, host: Source, keys: Sequence[str]) -> bool:
    """Returns whether a string is worth a closer look, which costs more."""
    return _by_key(way, keys) or _USUAL.search(way) is not None or "optdsl" in host.text


def _by_key(way: str, keys: Sequence[str]) -> bool:
    last = way.rpartition(".")[2]
    return last == _ALWAYS or any(fnmatchcase(way, pattern) or last == pattern for pattern in keys)


def _is_marked(way: str, program: Source, host: Source, lines: Sequence[str], keys: Sequence[str]) -> bool:
    if _by_key(way, keys) or _by_comment(program, host, lines):
        return True
    return _USUAL.search(way) is not None and _LIKE_A_PROGRAM.match(program.text) is not None


def _by_comment(program: Source, host: Source, lines: Sequence[str]) -> bool:
    """Returns whether a comment marks a value: on its lines, or alone on the line before."""
    origin = program.origin
    if origin is None or "optdsl" not in host.text or host.name.endswith(".json"):
        return False
    start = origin.pieces[0].host.start if origin.pieces else origin.end
    first, last = host.position(start)[0] - 1, host.position(origin.end)[0] - 1
    if _MARK.search(lines[first]) or _MARK.search(lines[last]):
        return True
    before = lines[first - 1] if first else ""
    return bool(_ONLY_MARK.match(before) or _HEADER_MARK.match(before))

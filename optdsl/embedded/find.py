"""Embedded, the search: the text of a file and the way to a value in, the program there out.

The way is keys and numbers of list items, joined by dots. What is not found is said in a line that names what there is.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import PurePath

from optdsl.diagnostics.suggest import nearest
from optdsl.embedded.tree import Malformed, Node, Other, Text, source, strings
from optdsl.source import Source

HOSTS = {".yaml": "YAML", ".yml": "YAML", ".toml": "TOML", ".json": "JSON"}
"""Endings of files that can hold programs, and their formats."""
_SHOWN = 6
_MOST = 1000
"""Strings among which a similar key is looked for."""
_LONGEST_NUMBER = 9


def find(host: Source, key: str | None) -> Source | str:
    """Returns the program at `key` of a YAML, TOML or JSON text, or one line that says why there is none.

    >>> from optdsl.source import Range
    >>> found = find(Source("optimizer:\\n  spec: adam(1e-3)", "config.yaml"), "optimizer.spec")
    >>> found.text, str(found.span(Range(5, 9)))
    ('adam(1e-3)', 'config.yaml:2:14')
    """
    try:
        return _find(host, key)
    except Malformed as problem:
        return f"`{host.name}` {problem}"
    except RecursionError:
        return f"`{host.name}` is nested too deep"


def _find(host: Source, key: str | None) -> Source | str:
    tree = read(host)
    if key is None or (not key and not isinstance(tree, Text)):
        return _without_key(tree, host.name)
    found = _at(tree, key)
    if isinstance(found, Text):
        return source(found, host, key)
    if found is None:
        return _nothing_at(key, tree, host.name)
    ways = [way for way, _ in strings(found, key)]
    return f"`{host.name}` has {_kind(found)} at `{_shown(key)}`, not a string{_listed(ways)}"


def read(host: Source) -> Node:
    """Returns what a file says, by the format that its name ends in; raises `Malformed` on what is not of it."""
    match HOSTS[PurePath(host.name).suffix]:
        case "YAML":
            from optdsl.embedded.yaml_text import read as reader
        case "TOML":
            from optdsl.embedded.toml_text import read as reader
        case _:
            from optdsl.embedded.json_text import read as reader
    return reader(host.text)


def _at(node: Node, key: str) -> Node | None:
    """Returns what stands at `key`; a key that has a dot in it comes before two keys."""
    if not key:
        return node
    if isinstance(node, dict):
        return _in_mapping(node, key)
    number, _, rest = key.partition(".")
    if isinstance(node, list) and number.isdecimal() and len(number) <= _LONGEST_NUMBER and int(number) < len(node):
        return _at(node[int(number)], rest)
    return None


def _in_mapping(node: Mapping[str, Node], key: str) -> Node | None:
    for name in sorted(node, key=len, reverse=True):
        if key == name:
            return node[name]
        if key.startswith(f"{name}.") and (found := _at(node[name], key[len(name) + 1 :])) is not None:
            return found
    return None


def _without_key(tree: Node, name: str) -> str:
    ways = [way for way, _ in strings(tree)]
    if not ways:
        return f"`{name}` holds no string, so no program"
    likely = next((way for way in ways if "opt" in way), ways[0])
    return f"`{name}` takes the key of the program behind a colon: write `{name}:{_shown(likely)}`{_listed(ways)}"


def _nothing_at(key: str, tree: Node, name: str) -> str:
    ways = [way for way, _ in islice(strings(tree), _MOST)]
    near = nearest(key, ways)
    return f"`{name}` has nothing at `{_shown(key)}`" + (f": write `{_shown(near)}`" if near else _listed(ways))


def _listed(strings: Iterator[str] | Sequence[str]) -> str:
    """Returns the end of a line that names strings, the first few where there are many."""
    ways = list(strings)
    shown = ", ".join(f"`{_shown(way)}`" for way in ways[:_SHOWN])
    more = f" and {len(ways) - _SHOWN} more" if len(ways) > _SHOWN else ""
    return f"; its strings: {shown}{more}" if ways else ""


def _kind(node: Node) -> str:
    if isinstance(node, Other):
        return node.kind
    return "a mapping" if isinstance(node, dict) else "a list"


def _shown(key: str) -> str:
    return key if key.isprintable() else ascii(key)[1:-1]

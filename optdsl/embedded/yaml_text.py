"""Embedded, YAML: text in, its tree out, every string with its places. PyYAML reads it, and says where a value is.

It is the only module that imports yaml, and does so when a YAML file is read. It does not know what the strings mean.
"""

from functools import partial
from typing import TYPE_CHECKING

from optdsl.embedded import yaml_block, yaml_flow
from optdsl.embedded.tree import Malformed, Node, Other, Text

if TYPE_CHECKING:
    import yaml

_STRING = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_KINDS = {"bool": "a boolean", "int": "a number", "float": "a number", "null": "null", "timestamp": "a date"}


def read(host: str) -> Node:
    """Returns the tree of a YAML text of one document. Raises `Malformed`.

    A value behind an alias stands where its anchor is; `<<` gives what the mapping has not itself.
    """
    try:
        import yaml
    except ModuleNotFoundError:
        raise Malformed("is YAML, and reading YAML needs PyYAML: pip install pyyaml") from None
    try:
        root = _composed(host)
    except yaml.MarkedYAMLError as error:
        raise Malformed(f"is not YAML: {_place(error)}{error.problem}") from None
    except yaml.YAMLError as error:
        raise Malformed(f"is not YAML: {str(error).splitlines()[0]}") from None
    return Other("empty") if root is None else _node(root, host, {})


def _composed(host: str) -> "yaml.Node | None":
    import yaml

    return yaml.compose(host, yaml.SafeLoader)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _place(error: "yaml.MarkedYAMLError") -> str:
    mark = error.problem_mark
    return "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "


def _node(node: "yaml.Node", host: str, known: dict[int, Node]) -> Node:
    """Returns the tree of a node, the same one wherever an alias stands for it."""
    import yaml

    if id(node) in known:
        return known[id(node)]
    if isinstance(node, yaml.SequenceNode):
        items: list[Node] = []
        known[id(node)] = items
        items += [_node(item, host, known) for item in node.value]
        return items
    if isinstance(node, yaml.MappingNode):
        entries: dict[str, Node] = {}
        known[id(node)] = entries
        for key, value in sorted(node.value, key=lambda pair: pair[0].tag != _MERGE):
            inner = _node(value, host, known)
            if key.tag == _MERGE:
                entries |= _merged(inner)
            elif isinstance(key, yaml.ScalarNode):  # a mapping as a key cannot be written in a path
                entries[key.value] = inner
        return entries
    known[id(node)] = _scalar(node, host)
    return known[id(node)]


def _merged(inner: Node) -> dict[str, Node]:
    """Returns the entries behind `<<`: of one mapping, or of several, the first first."""
    found = [part for part in (inner if isinstance(inner, list) else [inner]) if isinstance(part, dict)]
    return {key: value for part in reversed(found) for key, value in part.items()}


def _scalar(node: "yaml.Node", host: str) -> Node:
    if node.tag != _STRING:
        kind = node.tag.rpartition(":")[2]
        return Other(_KINDS.get(kind, f"tagged `{kind}`"))
    start = min(yaml_flow.behind_properties(host, node.start_mark.index), node.end_mark.index)
    if host[start : start + 1] in ("|", ">"):
        return Text(start + 1, partial(yaml_block.chunks, host, start, node.value))
    is_quoted = host[start : start + 1] in ("'", '"')
    return Text(start + is_quoted, partial(yaml_flow.chunks, host, start, node.end_mark.index))

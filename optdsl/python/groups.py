"""Groups of leaves -> `optax.partition`, each with the transformation of its own."""

from optdsl import ir
from optdsl.python.layout import Code, Node
from optdsl.python.literals import text
from optdsl.python.masks import define_function, mapped
from optdsl.python.selectors import decision, described, hosts
from optdsl.python.writer import Writer

_LABEL = 32


def labels_of(selectors: list[ir.Selector | None]) -> list[str]:
    """Returns a name for each group: its selector if that is short and plain."""
    names = ["else" if selector is None else described(selector) for selector in selectors]
    sound = len(set(names)) == len(names)
    plain = [sound and len(name) <= _LABEL and name.isprintable() and not set(name) & set('"\\') for name in names]
    return [name if good else f"group {place}" for place, (name, good) in enumerate(zip(names, plain, strict=True))]


def freeze(selector: ir.Selector, code: Code, writer: Writer) -> Code:
    """Returns `code` for all leaves but the selected ones, which stay as they are."""
    groups = (('"frozen": ', "optax.set_to_zero()"), ('"trained": ', code))
    return partition(groups, [(selector, "frozen"), (None, "trained")], "fate", writer)


def partition(
    groups: tuple[tuple[str, Code], ...],
    labels: list[tuple[ir.Selector | None, str]],
    wish: str,
    writer: Writer,
) -> Code:
    """Returns `optax.partition`, each leaf in the group of the first selector that selects it."""
    masks = tuple(dict.fromkeys(writer.host(host) for s, _ in labels if s is not None for host in hosts(s)))
    lines: list[str] = []
    for selector, label in labels:
        if selector is None:
            lines.append(f"return {text(label)}")
            break
        lines += [*decision("if", selector, ":", writer), f"    return {text(label)}"]
    else:
        lines.append('raise ValueError(f"no group for the leaf {path}")')
    name = define_function((wish, *lines), wish, masks, lines, writer)
    transforms = Node("{", groups, "}", broken=True)
    return Node("optax.partition(", (("", transforms), ("", mapped(name, masks, writer))), broken=True)

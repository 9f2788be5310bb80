"""Selectors -> masks: functions from a tree to a tree of booleans, as Optax takes them."""

import re
from collections.abc import Hashable

from optdsl import ir
from optdsl.python.layout import Code, call
from optdsl.python.patterns import glob_condition
from optdsl.python.selectors import condition, decision, hosts
from optdsl.python.writer import Writer

_SHORT = 70


def over_leaves(source: str, masks: tuple[str, ...], writer: Writer) -> Code:
    """Returns code of a function from a tree to a tree of what `source`, an expression, says of each leaf."""
    if masks:
        return mapped(f"lambda path, leaf, {', '.join(masks)}: {source}", masks, writer)
    if re.search(r"\bpath\b", source):
        return mapped(f"lambda path, leaf: {source}", masks, writer)
    return f"lambda tree: jax.tree.map(lambda leaf: {source}, tree)"


def mask(selector: ir.Selector, writer: Writer, wish: str = "selected") -> Code:
    """Returns code of a mask: what Optax calls a tree of booleans, or a function that returns one."""
    if isinstance(selector, ir.Host):
        return writer.host(selector)
    masks = tuple(dict.fromkeys(map(writer.host, hosts(selector))))
    source = condition(selector, writer)
    boolean = f"bool({source})" if _is_match(selector) else source
    if len(boolean) <= _SHORT:
        return over_leaves(boolean, masks, writer)
    first, *lines = decision("return", selector, "", writer)
    first = first.replace("return (", "return bool(") if lines else f"return {boolean}"
    name = define_function(("mask", selector), wish, masks, [first, *lines], writer)
    return mapped(name, masks, writer)


def define_function(key: Hashable, wish: str, masks: tuple[str, ...], lines: list[str], writer: Writer) -> str:
    """Returns the name of a function of a leaf with this body, defined above the chain."""
    head = ", ".join(("path", "leaf", *masks))
    body = "\n".join(f"    {line}" for line in lines)
    return writer.define(key, wish, f"def NAME({head}):\n{body}")


def mapped(function: str, masks: tuple[str, ...], writer: Writer) -> Code:
    """Returns code of `function`, a name or a lambda, mapped over the leaves of a tree."""
    if masks:
        return call(writer.snippet("maskwise"), function, *masks)
    return call(writer.snippet("leafwise"), function)


def _is_match(selector: ir.Selector) -> bool:
    """Returns whether the condition gives a match object somewhere, where Optax wants a boolean."""
    if isinstance(selector, ir.Combine):
        return selector.operator != "not" and any(map(_is_match, selector.operands))
    return isinstance(selector, (ir.PathRegex, ir.LeafClass, ir.Host)) or (
        isinstance(selector, ir.PathGlob) and "re." in glob_condition(selector.pattern)
    )

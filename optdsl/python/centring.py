"""`centralize` -> the source of a function that does what the program asks of it, and no more."""

from optdsl import ir
from optdsl.python.selectors import ndim, own_shape
from optdsl.python.writer import Writer


def centralize(node: ir.Centralize, writer: Writer) -> str:
    """Returns a call of a function that is written for this use of the word."""
    if writer.stacked:
        own_shape(writer)
        writer.snippet("leafwise")
    source = "\n".join([*_head(node), *_centre(node, writer), *_tail(writer)])
    return f"{writer.own_snippet('centralize', source)}()"


def _head(node: ir.Centralize) -> list[str]:
    said = {
        None: "all its axes but the first",
        ir.Axes("fan_in"): "the axes of incoming weights",
        ir.Axes("all"): "all its axes",
    }
    over = said.get(node.axes) if isinstance(node.axes, ir.Axes | None) else f"axes {node.axes}"  # pyright: ignore
    over = f"axis {node.axes}" if isinstance(node.axes, int) else over
    return ["def NAME():", f'    """Subtracts from each gradient its mean over {over}."""', ""]


def _centre(node: ir.Centralize, writer: Writer) -> list[str]:
    head = "    def centre(path, leaf):" if writer.stacked else "    def centre(leaf):"
    lines = [
        head,
        f"        if not jnp.issubdtype(leaf.dtype, jnp.inexact) or {ndim(writer)} < {node.min_ndim}:",
    ]
    lines += ["            return leaf", *_axes(node, writer)]
    lines += _total(node) if node.axis_name else []
    entries = _entries(node, "axes") if _chosen(node, writer) == "axes" else f"leaf.shape[{node.axes}]"
    lines += [
        f"        if {entries} <= 1:",
        "            return leaf",
        "        wide = leaf.astype(jnp.promote_types(leaf.dtype, jnp.float32))",
    ]
    if node.sparse_rows:
        lines += _sparse(node, writer)
    return [*lines, f"        return (wide - {_mean(node, _chosen(node, writer))}).astype(leaf.dtype)", ""]


def _axes(node: ir.Centralize, writer: Writer) -> list[str]:
    chosen = node.axes
    if _chosen(node, writer) != "axes":
        return []
    first = f"leaf.ndim - {ndim(writer)}, " if writer.stacked else ""
    own = f"        own = tuple(range({first}leaf.ndim))"
    if isinstance(chosen, int):
        return [own, f"        axes = (own[{chosen}],)"]
    if isinstance(chosen, tuple):
        return [own, f"        axes = tuple(sorted({{own[axis] for axis in {_tuple(chosen)}}}))"]
    if chosen == ir.Axes("all"):
        return [own, "        axes = own"]
    last_stays = chosen == ir.Axes("fan_in") and writer.layout == "flax"
    return [own, f"        axes = own[{':-1' if last_stays else '1:'}]"]


def _chosen(node: ir.Centralize, writer: Writer) -> str:
    """Returns source of the averaged axes: the variable `axes`, or the one axis that needs none."""
    named = writer.stacked or node.sparse_rows or node.axis_name
    return str(node.axes) if isinstance(node.axes, int) and not named else "axes"


def _tuple(axes: tuple[int, ...]) -> str:
    return f"({axes[0]},)" if len(axes) == 1 else f"({', '.join(map(str, axes))})"


def _total(node: ir.Centralize) -> list[str]:
    """Returns lines of functions that sum and count over all devices."""
    pairs = ", ".join(f'({axis}, "{name}")' for axis, name in node.axis_name)
    trailing = "," if len(node.axis_name) == 1 else ""
    return [
        f"        pairs = ({pairs}{trailing})",
        "        split = [(own[axis], name) for axis, name in pairs if -len(own) <= axis < len(own)]",
        "",
        "        def devices(axes):",
        "            return tuple(dict.fromkeys(name for axis, name in split if axis in axes))",
        "",
        "        def total(array, axes):",
        "            local = jnp.sum(array, axis=axes, keepdims=True)",
        "            return jax.lax.psum(local, devices(axes)) if devices(axes) else local",
        "",
        "        def entries(axes):",
        "            sizes = [leaf.shape[axis] for axis in axes]",
        "            return math.prod([*sizes, *map(jax.lax.axis_size, devices(axes))])",
        "",
    ]


def _entries(node: ir.Centralize, axes: str) -> str:
    return f"entries({axes})" if node.axis_name else f"math.prod(leaf.shape[axis] for axis in {axes})"


def _sum(node: ir.Centralize, array: str, axes: str) -> str:
    return f"total({array}, {axes})" if node.axis_name else f"jnp.sum({array}, axis={axes}, keepdims=True)"


def _mean(node: ir.Centralize, axes: str) -> str:
    if node.axis_name:
        return "total(wide, axes) / entries(axes)"
    return f"jnp.mean(wide, axis={axes}, keepdims=True)"


def _sparse(node: ir.Centralize, writer: Writer) -> list[str]:
    """Returns lines that leave zero rows out of the mean, and as they are."""
    row = "own[0]" if writer.stacked else "0"
    after = "own[1:]"
    return [
        f"        if {row} in axes:",
        f"            live = {_sum(node, '(wide != 0).astype(jnp.int32)', after)} > 0",
        f"            rows = {_sum(node, 'live.astype(jnp.int32)', f'({row},)')}",
        f"            others = tuple(axis for axis in axes if axis != {row})",
        f"            count = jnp.maximum(rows, 1) * {_entries(node, 'others')}",
        f"            centred = wide - {_sum(node, 'wide', 'axes')} / count",
        "            return jnp.where(live, centred, wide).astype(leaf.dtype)",
    ]


def _tail(writer: Writer) -> list[str]:
    over = "leafwise(centre)(updates)" if writer.stacked else "jax.tree.map(centre, updates)"
    return [f"    return optax.stateless(lambda updates, params: {over})"]

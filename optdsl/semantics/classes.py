"""Named classes of leaves: `bias norm embedding kernel`. In: a path and a number of axes. Out: yes or no.

The rules are regular expressions, searched in the path without regard to case. Paths are read as segments,
which end at `/` or, in names such as `layers.0.weight`, at `.`. Trees and arrays are not known here.
"""

import re
from functools import cache

_START, _END = r"(?:^|[/._])", r"(?=$|[/._0-9])"

PATTERNS: dict[str, tuple[str, ...]] = {
    "bias": (rf"{_START}bias$", r"(?:^|[/.])b$"),
    "norm": (
        r"(?:^|[/.])(?:scale|gamma|beta|offset)$",
        rf"norm(?:alization)?s?{_END}",
        rf"{_START}(?:ln|bn|gn){_END}",
    ),
    "embedding": ("embed", rf"{_START}(?:emb|wte|wpe){_END}"),
    "kernel": (rf"{_START}(?:kernel|weights?|w)$", r"(?:^|[/.])weight_[ih]h$"),
}
"""What a path holds somewhere if its leaf may belong to the class: one of these."""

KERNEL_AXES = 2
"""The least number of axes of a kernel."""


def matches(class_name: str, path: str, ndim: int) -> bool:
    """Returns whether the leaf at `path` with `ndim` axes, stacked ones not counted, belongs to the class.

    - `bias`: the last segment is `bias` or `b`, or ends in `_bias`.
    - `norm`: the last segment is `scale`, `gamma`, `beta` or `offset`; or some segment names a
      normalisation, by a word that ends in `norm`, `norms` or `normalization`, or by the word `ln`, `bn` or
      `gn`; a number may follow the word: `LayerNorm_0`, `input_layernorm`, `norm1`, `ln_f`. So the bias of
      such a layer is in `bias` and in `norm`.
    - `embedding`: some segment contains `embed`, or has the word `emb`, `wte` or `wpe`.
    - `kernel`: the last segment is `kernel`, `weight`, `weights` or `w`, or ends in one of them after `_`,
      or is `weight_ih` or `weight_hh`; and the leaf has two axes or more, and is neither in `norm` nor in
      `embedding`.

    Words are parted by `_`. Raises `KeyError` for any other class.

    >>> matches("kernel", "mlp/linear_0/w", 2), matches("norm", "LayerNorm_0/bias", 1)
    (True, True)
    """
    if not _compiled(class_name).search(path):
        return False
    if class_name != "kernel":
        return True
    return ndim >= KERNEL_AXES and not any(_compiled(other).search(path) for other in ("norm", "embedding"))


@cache
def _compiled(class_name: str) -> re.Pattern[str]:
    return re.compile("|".join(PATTERNS[class_name]), re.IGNORECASE)

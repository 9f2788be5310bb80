"""Shapes of the tiny parameters that pages about codes speak of. Data alone."""

from optdsl.diagnostics.page import Shapes

SMALL: Shapes = {
    "embed/embedding": ((8, 4), "float32"),
    "dense/kernel": ((4, 3), "float32"),
    "dense/bias": ((3,), "float32"),
}
"""Two kernels and a bias."""

TWO_OUTPUTS: Shapes = {"head/kernel": ((4, 2), "float32"), "head/bias": ((2,), "float32")}
"""A kernel (in, out) with two outputs."""

HALF: Shapes = {"dense/kernel": ((4, 3), "bfloat16"), "dense/bias": ((3,), "bfloat16")}
"""Parameters in half precision."""

FULL: Shapes = {"dense/kernel": ((4, 3), "float32"), "dense/bias": ((3,), "float32")}
"""The same in float32."""

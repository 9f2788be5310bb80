"""Named classes of leaves, on the names that Flax, Haiku, Equinox, Keras and PyTorch give."""

import pytest

from optdsl.semantics.classes import PATTERNS, matches

PATHS: list[tuple[str, int, str]] = [
    ("Dense_0/kernel", 2, "kernel"),
    ("Dense_0/bias", 1, "bias"),
    ("bias", 1, "bias"),
    ("mlp/~/linear_0/w", 2, "kernel"),
    ("mlp/~/linear_0/b", 1, "bias"),
    ("layers/0/weight", 2, "kernel"),
    ("layers/0/bias", 1, "bias"),
    ("layers.0.weight", 2, "kernel"),
    ("layers.0.bias", 1, "bias"),
    ("conv/depthwise_kernel", 4, "kernel"),
    ("lstm/recurrent_kernel", 2, "kernel"),
    ("cell/weight_hh", 2, "kernel"),
    ("attention/relative_position_bias", 2, "bias"),
    ("Dense_0/kernel", 1, ""),
    ("LayerNorm_0/scale", 1, "norm"),
    ("LayerNorm_0/bias", 1, "bias norm"),
    ("BatchNorm_0/bias", 1, "bias norm"),
    ("encoder/input_layernorm/weight", 1, "norm"),
    ("encoder/norm1/weight", 1, "norm"),
    ("encoder/rms_norm/w", 2, "norm"),
    ("encoder/group_norm/offset", 1, "norm"),
    ("ln_f/weight", 1, "norm"),
    ("bn1/gamma", 1, "norm"),
    ("batch_normalization_1/beta", 1, "norm"),
    ("q_norm/scale", 1, "norm"),
    ("final_norms/0/weight", 1, "norm"),
    ("embed/embedding", 2, "embedding"),
    ("tok_embeddings/weight", 2, "embedding"),
    ("token_emb/weight", 2, "embedding"),
    ("transformer/wte/weight", 2, "embedding"),
    ("wpe/weight", 2, "embedding"),
    ("Embed_0/embedding", 2, "embedding"),
    ("normal/kernel", 2, "kernel"),
    ("belong/kernel", 2, "kernel"),
    ("member/kernel", 2, "kernel"),
    ("abc/web", 1, ""),
    ("temperature", 0, ""),
    ("", 2, ""),
]


@pytest.mark.parametrize(("path", "ndim", "classes"), PATHS)
def test_classes_of_a_path(path: str, ndim: int, classes: str) -> None:
    assert {name for name in PATTERNS if matches(name, path, ndim)} == set(classes.split())


def test_an_unknown_class_is_no_class() -> None:
    with pytest.raises(KeyError):
        matches("weights", "Dense_0/kernel", 2)

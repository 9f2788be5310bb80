"""The files of `examples/` beside the models they are for: small trees with the paths of real ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import by_hand_recipes
import jax
import jax.numpy as jnp
import numpy as np
import optax

PyTree = Any
Shapes = Mapping[str, tuple[int, ...]]

FOLDER = Path(__file__).parents[2] / "examples"
GRADIENT_SCALES = (1.0, 0.1, 3.0, 0.5, 2.0)

MLP: Shapes = {"layer_0/kernel": (4, 6), "layer_0/bias": (6,), "layer_1/kernel": (6, 3), "layer_1/bias": (3,)}
CONV: Shapes = {
    "conv/kernel": (2, 2, 3, 4),
    "bn/scale": (4,),
    "bn/bias": (4,),
    "head/kernel": (4, 3),
    "head/bias": (3,),
}
LANGUAGE: Shapes = {
    "embed/embedding": (6, 4),
    "blocks_0/attn/kernel": (4, 4),
    "blocks_0/mlp/kernel": (4, 8),
    "blocks_0/norm/scale": (4,),
    "head/kernel": (4, 6),
}
TABLES: Shapes = {
    "tokens/embedding": (6, 4),
    **{f"blocks/{i}/kernel": (4, 4) for i in range(3)},
    **{f"blocks/{i}/bias": (4,) for i in range(3)},
    "head/kernel": (4, 6),
}
VISION: Shapes = {
    "cls": (1, 1, 4),
    "embedding/kernel": (2, 2, 3, 4),
    "embedding/bias": (4,),
    "Transformer/posembed_input/pos_embedding": (1, 5, 4),
    **{f"Transformer/encoderblock_{i}/attention/query/kernel": (4, 2, 2) for i in range(2)},
    **{f"Transformer/encoderblock_{i}/attention/query/bias": (2, 2) for i in range(2)},
    **{f"Transformer/encoderblock_{i}/LayerNorm_0/scale": (4,) for i in range(2)},
    "head/kernel": (4, 3),
    "head/bias": (3,),
}
ADAPTERS: Shapes = {
    f"layers_{i}/{name}": shape
    for i in range(2)
    for name, shape in {"kernel": (4, 4), "lora_a": (4, 2), "lora_b": (2, 4)}.items()
}
DETECTOR: Shapes = {
    "backbone/stem/kernel": (2, 2, 3, 4),
    **{f"backbone/stage_{i}/conv/kernel": (1, 1, 4, 4) for i in (1, 2, 3, 4)},
    **{f"backbone/stage_{i}/norm/scale": (4,) for i in (1, 2, 3, 4)},
    "encoder/norm/scale": (4,),
    "head/kernel": (4, 3),
}
FIELD: Shapes = {
    "fields/grid": (8, 2),
    "fields/mlp/kernel": (2, 4),
    "proposal/mlp/kernel": (2, 1),
    "camera/poses": (3, 6),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One file: the leaves it is tried on, its holes, and how near the hand-written updates are.

    `within` is "exact" for bit by bit, else the share of the largest entry of each leaf: for programs in
    which the order of operations is not that of one hand-written chain. The gradients of the `poisoned`
    steps hold a NaN; `pair` wraps the parameters as lookahead wants them.
    """

    name: str
    shapes: Shapes
    holes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    within: float | Literal["exact"] = 1e-6
    poisoned: tuple[int, ...] = ()
    pair: bool = False

    def text(self) -> str:
        return (FOLDER / f"{self.name}.opt").read_text(encoding="utf-8")

    def by_hand(self) -> optax.GradientTransformation:
        return getattr(by_hand_recipes, self.name)(**self.holes)

    def parameters(self) -> PyTree:
        params = _tree(self.shapes, seed=0, scale=0.5)
        return optax.LookaheadParams.init_synced(params) if self.pair else params

    def gradients(self) -> list[PyTree]:
        trees = [_tree(self.shapes, seed=100 + i, scale=scale) for i, scale in enumerate(GRADIENT_SCALES)]
        return [_with_nan(tree) if i in self.poisoned else tree for i, tree in enumerate(trees)]


def _tree(shapes: Shapes, seed: int, scale: float) -> PyTree:
    """Returns nested dicts of float32 arrays; a path is its keys joined by `/`."""
    generator = np.random.default_rng(seed)
    tree: dict[str, Any] = {}
    for path, shape in shapes.items():
        *outer, last = path.split("/")
        node = tree
        for key in outer:
            node = node.setdefault(key, {})
        node[last] = jnp.asarray(scale * generator.standard_normal(shape), jnp.float32)
    return tree


def _with_nan(tree: PyTree) -> PyTree:
    first, *others = jax.tree.leaves(tree)
    return jax.tree.unflatten(jax.tree.structure(tree), [first.at[(0,) * first.ndim].set(jnp.nan), *others])


# The lengths are chosen so that five updates pass through every part of each schedule.
RECIPES = (
    Recipe(name="accumulation", shapes=LANGUAGE, holes={"micro": 2}, poisoned=(2,)),
    Recipe(name="adafactor", shapes=LANGUAGE, holes={"warmup": 2, "factor_from": 4}),
    Recipe(name="decay_table", shapes=TABLES, holes={"rate": 2e-3}),
    Recipe(name="ema_evaluation", shapes=CONV, holes={"warmup": 2, "ema": 0.9}),
    Recipe(name="frozen_backbone", shapes=DETECTOR),
    Recipe(name="gan_discriminator", shapes=CONV, within="exact"),
    Recipe(name="gan_generator", shapes=CONV, holes={"ema": 0.9}, within="exact"),
    Recipe(name="interactive", shapes=MLP),
    Recipe(name="llm_pretraining", shapes=LANGUAGE, holes={"total": 4, "peak": 1e-3, "warmup": 1}),
    Recipe(name="lora", shapes=ADAPTERS, holes={"total": 67}),
    Recipe(name="muon", shapes=LANGUAGE, holes={"total": 5}),
    Recipe(name="nerf", shapes=FIELD, holes={"settled": 3, "length": 10}),
    Recipe(name="ppo", shapes=MLP, holes={"total": 5}, within="exact"),
    Recipe(name="ranger", shapes=MLP, holes={"k": 2}, pair=True),
    Recipe(name="resnet", shapes=CONV, holes={"total": 6, "batch": 1024}),
    Recipe(name="schedule_free", shapes=MLP, holes={"warmup": 2}, within="exact"),
    Recipe(name="transformer", shapes=LANGUAGE, holes={"warmup": 2}),
    Recipe(name="vit_finetuning", shapes=VISION, holes={"total": 5, "warmup": 2, "depth": 2}),
)

"""Python that builds an Optax transformation becomes the program that a person would write, and never runs."""

from pathlib import Path

import pytest

import optdsl
from optdsl.python.read import from_python
from optdsl.syntax.ast import Program, hole_names


def read(source: str) -> str:
    """Returns the text of the program, comments left out; checks that only holes keep it from compiling."""
    program = from_python(source)
    assert_only_holes(program)
    return " ".join(line.strip() for line in str(program).splitlines() if not line.startswith("#"))


def assert_only_holes(program: Program) -> None:
    text = str(program)
    assert str(optdsl.parse(text)) == text
    errors = [finding for finding in optdsl.check(program, allow=("E301", "E302")) if finding.severity == "error"]
    assert {finding.code for finding in errors} <= {"E205"}
    comments = "\n".join(comment.text for comment in program.comments)
    for name in hole_names(program):
        assert f":{name} stands for " in comments


def squeezed(program: str) -> str:
    return " ".join(str(optdsl.parse(program)).split())


# ---- expressions

EXPRESSIONS = [
    ("optax.chain(optax.clip(1.0), optax.adam(1e-3))", "clip(1.0) | adam(1e-3)"),
    ("optax.adam(1e-3, 0.9, b2=0.99)", "adam(1e-3, 0.9, b2=0.99)"),
    ("optax.adam(learning_rate=1E-3)", "adam(learning_rate=1e-3)"),
    ("optax.adam(3 * 1e-4 ** 2 - (1 - 2))", "adam(3 * 1e-4 ** 2 - (1 - 2))"),
    ("optax.adam(7 % 4)", "adam(3)"),
    ("optax.adam(2 ** -3 / (4 * 5))", "adam(2 ** -3 / (4 * 5))"),
    ("optax.adam(-(-1e-3))", "adam(--1e-3)"),
    ("optax.adam(math.sqrt(2) * np.pi)", "adam(sqrt(2) * 3.141592653589793)"),
    ("optax.adam(float('1e-3'))", "adam(1e-3)"),
    ("optax.apply_if_finite(optax.sgd(0.1), float('inf'))", "skip_nonfinite(inf) { sgd(0.1) }"),
    ("optax.contrib.muon(0.02, nesterov=False)", "muon(0.02, nesterov=false)"),
    ("optax.chain(optax.clip_by_global_norm(1), optax.scale_by_adam(), optax.scale_by_learning_rate(1e-3))",
     "clip_norm(1) | scale_by_adam | lr(1e-3)"),
    ("optax.scale_by_learning_rate(1e-3, flip_sign=True)", "lr(1e-3)"),
    ("optax.scale_by_learning_rate(1e-3, flip_sign=False)", "scale_by_learning_rate(1e-3, flip_sign=false)"),
    ("optax.scale_by_learning_rate(flip_sign=False)", "scale_by_learning_rate(flip_sign=false)"),
    ("optax.chain(optax.centralize(), optax.sgd(0.1))", "centralize | sgd(0.1)"),
    ("optax.sgd(0.1, momentum=None, accumulator_dtype=jnp.bfloat16)", "sgd(0.1, accumulator_dtype=bfloat16)"),
    ("optax.sgd(0.1, accumulator_dtype='float32')", "sgd(0.1, accumulator_dtype=float32)"),
    ("optax.lookahead(optax.sgd(0.1), 6, slow_step_size=0.5)", "lookahead(6, slow_step_size=0.5) { sgd(0.1) }"),
    ("optax.contrib.sam(optax.sgd(0.1), optax.chain(optax.contrib.normalize(), optax.sgd(0.05)), sync_period=2)",
     "sam(normalize | sgd(0.05), sync_period=2) { sgd(0.1) }"),
    ("optax.lbfgs(linesearch=optax.scale_by_zoom_linesearch(15))", "lbfgs { scale_by_zoom_linesearch(15) }"),
    ("optax.contrib.prodigy(1.0, betas=(0.9, 0.99))", "prodigy(1.0, betas=(0.9, 0.99))"),
    ("optax.polyak_sgd(variant='sps+')", "polyak_sgd(variant='sps+')"),
    ("optax.contrib.dog(1.0, init_step=('heuristic', 1e-6))", "dog(1.0, init_step=('heuristic', 1e-6))"),
    ("optax.adaptive_grad_clip(0.1, axis=(0, 1))", "adaptive_grad_clip(0.1, axis=(0, 1))"),
    ("optax.MultiSteps(optax.adam(1e-3), every_k_schedule=4)", "accumulate(4) { adam(1e-3) }"),
    ("optax.MultiSteps(optax.adam(1e-3), 4, True).gradient_transformation()", "accumulate(4) { adam(1e-3) }"),
    ("optax.named_chain(('clip', optax.clip(1.0)), ('opt', optax.adam(1e-3)))", "clip(1.0) | adam(1e-3) as opt"),
    ("optax.named_chain(('both', optax.chain(optax.scale(2.0), optax.sgd(1e-3))))", "scale(2.0) | sgd(1e-3)"),
    ("optax.conditionally_transform(optax.clip(1.0), lambda step: (step > 10) & (step < 20))",
     "clip(1.0) when step > 10 and step < 20"),
    ("optax.inject_hyperparams(optax.adamw)(learning_rate=1e-3, weight_decay=0.1, nesterov=True)",
     "live learning_rate = 1e-3; live weight_decay = 0.1; "
     "adamw(learning_rate=learning_rate, weight_decay=weight_decay, nesterov=true)"),
    ("optax.inject_hyperparams(optax.adam, static_args='b1')(1e-3, b1=0.8)",
     "live learning_rate = 1e-3; adam(learning_rate=learning_rate, b1=0.8)"),
    ("optax.inject_hyperparams(lambda lr: optax.chain(optax.clip(1.0), optax.sgd(lr)))(lr=0.1)",
     "live lr = 0.1; clip(1.0) | sgd(lr)"),
    ("optax.inject_hyperparams(optax.sgd)(optax.polynomial_schedule(1.0, 0.0, 2, 10))",
     "sgd(learning_rate=polynomial_schedule(1.0, 0.0, 2, 10))"),
    ("functools.partial(optax.adamw, b1=0.8)(1e-3, weight_decay=0.1)", "adamw(1e-3, b1=0.8, weight_decay=0.1)"),
    ("optax.chain(*[optax.clip(1.0)], *(optax.adam(1e-3),))", "clip(1.0) | adam(1e-3)"),
    ("optax.adam(**{'learning_rate': 1e-3, **dict(b1=0.8)})", "adam(learning_rate=1e-3, b1=0.8)"),
    ("optax.chain(optax.chain(optax.clip(1.0), optax.identity()), optax.adam(1e-3))",
     "clip(1.0) | identity | adam(1e-3)"),
    ("optax.chain()", "identity"),
    ("optax.adamw(1e-3, mask=None)", "adamw(1e-3)"),
    ("optax.chain(optax.scale_by_adam(), optax.add_decayed_weights(1e-4), optax.scale(-1e-3))",
     "scale_by_adam | add_decayed_weights(1e-4) | scale(-1e-3)"),
    ("optax.chain(optax.sgd(1e-2), optax.add_decayed_weights(-1e-4))", "sgd(1e-2) | add_decayed_weights(-1e-4)"),
    ("   optax.adam(1e-3)\n", "adam(1e-3)"),
    ("\ufeffoptax.adam(1e-3)", "adam(1e-3)"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "program"), EXPRESSIONS)
def test_an_expression_is_read(source: str, program: str) -> None:
    assert read(source) == squeezed(program)


SCHEDULES = [
    ("optax.linear_schedule(0.0, 1e-3, 100)", "0.0 -> linear(1e-3, 100)"),
    ("optax.linear_schedule(init_value=1, end_value=0, transition_steps=9)", "1 -> linear(0, 9)"),
    ("optax.linear_schedule(1, 0, 9, transition_begin=3)", "linear_schedule(1, 0, 9, transition_begin=3)"),
    ("optax.linear_schedule(1, 0, 0)", "linear_schedule(1, 0, 0)"),
    ("optax.linear_schedule(1, 0, total)", "linear_schedule(1, 0, :total)"),
    ("optax.cosine_decay_schedule(0.1, 100)", "0.1 -> cosine(0, 100)"),
    ("optax.cosine_decay_schedule(0.1, 100, 0.1)", "cosine_decay_schedule(0.1, 100, 0.1)"),
    ("optax.warmup_cosine_decay_schedule(0.0, 1e-3, 100, 1_000, end_value=1e-5)",
     "0.0 -> linear(1e-3, 100) -> cosine(1e-5, 900)"),
    ("optax.warmup_cosine_decay_schedule(0.0, 1e-3, 100, 1000, exponent=2.0)",
     "warmup_cosine_decay_schedule(0.0, 1e-3, 100, 1000, exponent=2.0)"),
    ("optax.warmup_cosine_decay_schedule(0.0, 1e-3, 0, 1000)", "warmup_cosine_decay_schedule(0.0, 1e-3, 0, 1000)"),
    ("optax.constant_schedule(0.1)", "0.1"),
    ("optax.exponential_decay(0.1, 100, 0.5, staircase=True)", "exponential_decay(0.1, 100, 0.5, staircase=true)"),
    ("optax.piecewise_constant_schedule(0.1, {100: 0.1, 2 * 100: 0.5})",
     "piecewise_constant_schedule(0.1, {100: 0.1, (2 * 100): 0.5})"),
    ("optax.piecewise_interpolate_schedule('cosine', 1.0, {10: 0.1})",
     "piecewise_interpolate_schedule('cosine', 1.0, {10: 0.1})"),
    ("optax.join_schedules([optax.linear_schedule(0, 1, 10), optax.constant_schedule(1),"
     " optax.cosine_decay_schedule(1, 20)], [10, 30])", "0 -> linear(1, 10) -> hold(20) -> cosine(0, 20)"),
    ("optax.join_schedules([optax.linear_schedule(0, 1, 10), optax.linear_schedule(1, 0, 5)], boundaries=[15])",
     "0 -> linear(1, 10) -> hold(5) -> linear(0, 5)"),
    ("optax.join_schedules([optax.linear_schedule(0, 1, 10), optax.linear_schedule(0.5, 0, 5)], boundaries=[10])",
     "join_schedules([0 -> linear(1, 10), 0.5 -> linear(0, 5)], boundaries=[10])"),
    ("optax.join_schedules([optax.constant_schedule(0.1), optax.exponential_decay(1.0, 5, 0.9)], [10])",
     "join_schedules([constant_schedule(0.1), exponential_decay(1.0, 5, 0.9)], [10])"),
    ("lambda step: 3e-4 * jnp.minimum(1.0, step / 500)", "3e-4 * min(1.0, step / 500)"),
    ("lambda count: jnp.where(count < 10, 0.1, 0.01 * (2 - 1))", "0.1 when step < 10 else 0.01 * (2 - 1)"),
    ("lambda n: 0.1 if n < 10 else 0.2 if n < 20 else 0.3", "0.1 when step < 10 else 0.2 when step < 20 else 0.3"),
    ("lambda step: jnp.clip(step, 1, 5) * jnp.exp(-step / 10)", "min(max(step, 1), 5) * exp(-step / 10)"),
    ("lambda s: 0.5 * optax.linear_schedule(1, 0, 9)(s)", "0.5 * (1 -> linear(0, 9))"),
    ("lambda s: 0.5 * mine(s)", "0.5 * :mine"),
    ("lambda s: jnp.sin(s)", ":learning_rate"),
    ("lambda s: optax.linear_schedule(1, 0, 9)(s + 1)", ":learning_rate"),
    ("optax.sgdr_schedule([dict(init_value=0, peak_value=1, warmup_steps=1, decay_steps=9)])",
     "sgdr_schedule(:cosine_kwargs)"),
    ("optax.join_schedules([warm, cold], [10])", "join_schedules(:schedules, [10])"),
    ("optax.join_schedules([optax.exponential_decay(a.b, 5, 0.9), 1.0], [10])", "join_schedules(:schedules, [10])"),
    ("optax.piecewise_constant_schedule(0.1, {100: factor})",
     "piecewise_constant_schedule(0.1, :boundaries_and_scales)"),
    ("lambda s: optax.linear_schedule(1, 0, s + 9)(s)", ":learning_rate"),
    ("lambda s: jnp.minimum(s)", ":learning_rate"),
    ("make_schedule(3)", ":learning_rate"),
    ("config.lr * 2", ":lr * 2"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "program"), SCHEDULES)
def test_a_schedule_is_read(source: str, program: str) -> None:
    assert read(f"optax.sgd({source})") == squeezed(f"sgd({program})")


LEAVES = [
    ("lambda p: jax.tree.map(lambda x: x.ndim > 1, p)", "ndim > 1"),
    ("lambda p: jax.tree_util.tree_map(lambda x: 1 < x.ndim, p)", "ndim > 1"),
    ("lambda p: jax.tree.map(lambda x: len(x.shape) != 1 and x.size >= 2 * 8, p)", "ndim != 1 and size >= 16"),
    ("lambda p: jax.tree.map(lambda x: jnp.ndim(x) in (2, 4), p)", "ndim == 2 or ndim == 4"),
    ("lambda p: jax.tree.map(lambda x: x.shape[-1] == 10 or not x.dtype == jnp.float32, p)",
     "shape[-1] == 10 or (not dtype == float32)"),
    ("jax.tree.map(lambda x: x.ndim > 1, params)", "ndim > 1"),
    ("lambda p: jax.tree_util.tree_map_with_path(lambda k, x: k[-1].key == 'kernel', p)", "**/kernel"),
    ("lambda p: jax.tree_util.tree_map_with_path(lambda k, _: 'bias' not in jax.tree_util.keystr(k), p)",
     "not path ~ 'bias'"),
    ("lambda p: jax.tree_util.tree_map_with_path("
     "lambda k, _: not any(s in jax.tree_util.keystr(k) for s in ('bias', 'norm')), p)",
     "not (path ~ 'bias' or path ~ 'norm')"),
    ("lambda p: jax.tree_util.tree_map_with_path(lambda k, _: any('Norm' in e.key for e in k), p)", "path ~ 'Norm'"),
    ("lambda p: jax.tree_util.tree_map_with_path("
     "lambda k, _: jax.tree_util.keystr(k, simple=True, separator='/').endswith('embed/kernel'), p)",
     "path ~ 'embed/kernel$'"),
    ("lambda p: jax.tree_util.tree_map_with_path("
     "lambda k, _: '/'.join(e.key for e in k).startswith(('head', 'tail')), p)",
     "path ~ '^head' or path ~ '^tail'"),
    ("lambda p: jax.tree_util.tree_map_with_path("
     "lambda k, _: re.search('ln_[0-9]', '/'.join(str(e.key) for e in k)) is None, p)", None),
    ("lambda p: jax.tree_util.tree_map_with_path("
     "lambda k, _: not re.match('ln_[0-9]', '/'.join(str(e.key) for e in k)), p)", "not path ~ '^(?:ln_[0-9])'"),
    ("lambda p: traverse_util.path_aware_map(lambda k, _: 'encoder' in k, p)", "**/encoder/**"),
    ("lambda p: traverse_util.path_aware_map(lambda k, _: k[0] == 'encoder' and k[-1] in ('w', 'b'), p)",
     "encoder/** and (**/w or **/b)"),
    ("lambda p: traverse_util.path_aware_map(lambda k, _: 'norm' in k[-2].lower(), p)", None),
    ("lambda p: traverse_util.path_aware_map(lambda k, _: 'norm' in '/'.join(k).lower(), p)", "path ~ '(?i)norm'"),
    ("lambda p: traverse_util.path_aware_map(lambda k, _: k[-2:] != ('LayerNorm', 'scale'), p)",
     "not **/LayerNorm/scale"),
    ("lambda p: traverse_util.unflatten_dict({k: k[-1] != 'bias' for k in traverse_util.flatten_dict(p)})",
     "not **/bias"),
    ("lambda p: traverse_util.unflatten_dict({k: v.ndim > 1 for k, v in traverse_util.flatten_dict(p).items()})",
     "ndim > 1"),
    ("{'embed': False, 'head': {'kernel': True, 'bias': False}}", "head/kernel/**"),
    ("some_mask", ":some_mask"),
    ("lambda p: make(p)", None),
    ("lambda p: jax.tree.map(lambda x: x.sum() > 1, p)", None),
    ("lambda p: jax.tree_util.tree_map_with_path(lambda k, x: k[-1] == 'kernel', p)", None),
]  # fmt: skip


@pytest.mark.parametrize(("mask", "selector"), LEAVES)
def test_a_mask_is_read(mask: str, selector: str | None) -> None:
    chosen = ":mask" if selector is None else selector
    decay = "mask=:" if chosen.startswith(":") else "weight_decay=0.1 where "
    expected = f"adamw(1e-3, weight_decay=0.1, mask={chosen})" if decay == "mask=:" else f"adamw(1e-3, {decay}{chosen})"
    assert read(f"optax.adamw(1e-3, weight_decay=0.1, mask={mask})") == squeezed(expected)
    assert read(f"optax.chain(optax.masked(optax.clip(1.0), {mask}), optax.sgd(0.1))") == squeezed(
        f"clip(1.0) where {chosen} | sgd(0.1)"
    )


def test_masks_stand_where_they_are_neutral() -> None:
    mask = "lambda p: jax.tree.map(lambda x: x.ndim > 1, p)"
    assert read(f"optax.lars(0.1, trust_ratio_mask={mask})") == "lars(0.1, trust_ratio_mask=true where ndim > 1)"
    assert read(f"optax.adamw(1e-3, mask={mask})") == "adamw(1e-3, weight_decay=1e-4 where ndim > 1)"
    assert read(f"optax.lamb(1e-3, mask={mask})") == "lamb(1e-3, mask=true where ndim > 1)"
    assert read("optax.lars(0.1, weight_decay_mask=False)") == "lars(0.1, weight_decay_mask=false)"
    assert read(f"optax.add_decayed_weights(0.1, {mask})") == "add_decayed_weights(0.1 where ndim > 1)"


# ---- modules

MODULES = {
    "names": (
        """
        import optax as ox
        from optax import adamw as w
        from optax.contrib import muon
        import jax.numpy as jnp

        unused = 3
        peak = 3e-4
        warmup, total = 100, 10 * 100
        rate = ox.warmup_cosine_decay_schedule(0., peak, warmup, total)
        tx = ox.chain(ox.clip(peak), w(rate, b1=0.8))
        state = tx.init(params)
        """,
        "peak = 3e-4; rate = 0.0 -> linear(peak, 100) -> cosine(0, 900); clip(peak) | adamw(rate, b1=0.8)",
    ),
    "names of the language": (
        "import optax\nstep, where, lr = 0.5, 2, 1e-3\ntx = optax.chain(optax.clip(step), optax.trace(where / 4),"
        " optax.adam(lr))",
        "step_ = 0.5; where_ = 2; lr = 1e-3; clip(step_) | trace(where_ / 4) | adam(lr)",
    ),
    "bound again": (
        "import optax\nlr = 1e-3\nfirst = optax.adam(lr)\nlr *= 2\ntx = optax.chain(first, optax.scale(lr))",
        "lr = 1e-3; lr_2 = lr * 2; adam(lr) | scale(lr_2)",
    ),
    "the last expression": (
        "from optax import *\nfirst = sgd(0.1)\nchain(clip(1.0), first)\n",
        "clip(1.0) | sgd(0.1)",
    ),
    "the last that is built": (
        "import optax\noptimizer = optax.adam(1e-3)\nstate = optimizer.init(params)\n",
        "adam(1e-3)",
    ),
    "functions": (
        """
        import optax
        def schedule(step):
            '''Falls.'''
            slow = jnp.maximum(step, 1)
            return 0.1 / jnp.sqrt(slow)
        def make(rate, bound=1.0, *, wd):
            clip = optax.clip(bound)
            return optax.chain(clip, optax.adamw(rate, weight_decay=wd))
        config = {"wd": 0.1}
        tx = make(schedule, wd=config["wd"])
        """,
        "schedule = 0.1 / sqrt(max(step, 1)); clip(1.0) | adamw(schedule, weight_decay=0.1)",
    ),
    "a function alone": (
        """
        def make_optimizer(lr=3e-4, wd=None, nesterov=False, k=4):
            inner = optax.adamw(lr * 2, weight_decay=wd, nesterov=nesterov)
            return optax.MultiSteps(inner, k)
        """,
        "accumulate(:k ?? 4) { adamw((:lr ?? 3e-4) * 2, weight_decay=:wd, nesterov=:nesterov ?? false) }",
    ),
    "a list that grows": (
        "import optax\nstages = [optax.clip(1.0)]\nstages.append(optax.trace(0.9))\nstages += [optax.scale(-1.0)]\n"
        "stages.extend([optax.scale(0.1)])\ntx = optax.chain(*stages)",
        "clip(1.0) | trace(0.9) | scale(-1.0) | scale(0.1)",
    ),
    "groups": (
        """
        import optax
        def label(path, leaf):
            if leaf.ndim < 2:
                return "small"
            elif path[0].key == "embed":
                return "table"
            return "rest"
        labels = lambda params: jax.tree_util.tree_map_with_path(label, params)
        tx = optax.multi_transform({
            "small": optax.sgd(0.1), "table": optax.set_to_zero(),
            "rest": optax.chain(optax.clip(1.0), optax.adam(1e-3)),
        }, labels)
        """,
        "match { ndim < 2 => sgd(0.1), embed/** => freeze, else => clip(1.0) | adam(1e-3) }",
    ),
    "groups inside a chain stay in its norm": (
        """
        import optax
        label = lambda p: jax.tree.map(lambda x: "a" if x.ndim < 2 else "b", p)
        groups = optax.partition({"a": optax.set_to_zero(), "b": optax.adam(1e-3)}, label)
        tx = optax.chain(optax.clip_by_global_norm(1.0), groups)
        """,
        "clip_norm(1.0) | match { ndim < 2 => set_to_zero, else => adam(1e-3) }",
    ),
    "two groups, one of them still": (
        """
        from flax import traverse_util
        import optax
        parts = {"on": optax.adamw(1e-3), "off": optax.set_to_zero()}
        labels = traverse_util.path_aware_map(lambda p, v: "off" if "encoder" in p else "on", params)
        tx = optax.multi_transform(parts, labels)
        """,
        "freeze where **/encoder/** | adamw(1e-3)",
    ),
    "a label that comes twice": (
        """
        import optax
        def label(path, x):
            if path[0].key == "a":
                return "one"
            if x.ndim > 1:
                return "two"
            if path[0].key == "b":
                return "one"
            return "two"
        tx = optax.partition({"one": optax.sgd(1.0), "two": optax.sgd(2.0)},
                             lambda p: jax.tree_util.tree_map_with_path(label, p))
        """,
        "match { a/** or (b/** and (not ndim > 1)) => sgd(1.0), else => sgd(2.0) }",
    ),
    "labels in a dict": (
        "import optax\ntx = optax.partition({'x': optax.sgd(1.0), 'y': optax.sgd(2.0)},"
        " {'enc': 'x', 'dec': {'a': 'y', 'b': 'x'}})",
        "match { enc/** or dec/b/** => sgd(1.0), dec/a/** => sgd(2.0) }",
    ),
    "masks that complement one another": (
        """
        import optax
        big = lambda p: jax.tree.map(lambda x: x.ndim >= 2, p)
        small = lambda p: jax.tree.map(lambda x: not x.ndim >= 2, p)
        tx = optax.chain(optax.masked(optax.adam(1e-3), big), optax.masked(optax.sgd(1e-2), small))
        """,
        "match { ndim >= 2 => adam(1e-3), else => sgd(1e-2) }",
    ),
    "zero for some leaves, last": (
        "import optax\ntx = optax.chain(optax.adamw(1e-3), optax.masked(optax.set_to_zero(), {'a': True, 'b': False}))",
        "freeze where a/** | adamw(1e-3)",
    ),
    "zero for some leaves that count in a norm": (
        "import optax\ntx = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3),"
        " optax.masked(optax.set_to_zero(), {'a': True, 'b': False}))",
        "clip_norm(1.0) | adam(1e-3) | set_to_zero where a/**",
    ),
    "zero for some leaves, first": (
        "import optax\ntx = optax.chain(optax.masked(optax.set_to_zero(), {'a': True}), optax.adamw(1e-3))",
        "set_to_zero where a/** | adamw(1e-3)",
    ),
    "what the source does not decide": (
        "import optax\nrate = 0.1\nif config.big:\n    rate = 0.5\ntx = optax.sgd(rate)",
        "rate = 0.5 when :big else 0.1; sgd(rate)",
    ),
    "a stage that the source does not decide": (
        "import optax\ntx = optax.chain(optax.clip(1.0) if clip else optax.identity(), optax.sgd(0.1))",
        "clip(1.0) when :clip | sgd(0.1)",
    ),
    "a block under with and main": (
        "import optax\nif __name__ == '__main__':\n    with mesh:\n        tx = optax.sgd(0.1)\n",
        "sgd(0.1)",
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_read(name: str) -> None:
    source, program = MODULES[name]
    assert read(source) == squeezed(program)


# ---- holes

HOLES = {
    "optax.chain(optax.clip(1.0), mine(0.1))": ("clip(1.0) | :mine", "# :mine stands for mine(0.1)"),
    "optax.adam(get_lr(config))": ("adam(:learning_rate)", "# :learning_rate stands for get_lr(config)"),
    'optax.adam(config["lr"], b1=config.b1)': ("adam(:lr, b1=:b1)", '# :lr stands for config["lr"]'),
    "optax.adam(lr) ": ("adam(:lr)", "# :lr stands for lr"),
    "optax.chain(optax.scale(c.lr), optax.sgd(c.lr))": ("scale(:lr) | sgd(:lr)", "# :lr stands for c.lr"),
    "optax.chain(optax.scale(a.lr), optax.sgd(b.lr))": ("scale(:lr) | sgd(:lr_2)", "# :lr_2 stands for b.lr"),
    "optax.chain(optax.stateless(f), optax.sgd(0.1))": ("stateless(:f) | sgd(0.1)", "# :f stands for f"),
    "optax.adam(1e-3, foo=2)": (":adam", "# :adam stands for optax.adam(1e-3, foo=2)"),
    "optax.contrib.prodigy(betas=(0.9, c.b2))": ("prodigy(betas=:betas)", "# :betas stands for (0.9, c.b2)"),
    "optax.adam()": (":adam", "# :adam stands for optax.adam()"),
    "optax.MultiSteps(optax.adam(1), k, use_grad_mean=False)": (
        ":MultiSteps",
        "# :MultiSteps stands for optax.MultiSteps(optax.adam(1), k, use_grad_mean=False)",
    ),
    "optax.partition({'a': optax.sgd(1.0)}, labels)": (
        ":partition",
        "# :partition stands for optax.partition({'a': optax.sgd(1.0)}, labels)",
    ),
    "optax.masked(optax.adam(1e-3), m)": (":masked", "# :masked stands for optax.masked(optax.adam(1e-3), m)"),
    "optax.tree.scale(2.0)": (":scale", "# :scale stands for optax.tree.scale(2.0)"),
    "optax.adam(1j)": ("adam(:learning_rate)", "# :learning_rate stands for 1j"),
    "optax.adam('\\n')": ("adam(:learning_rate)", "# :learning_rate stands for '\\n'"),
    "optax.adam(1 / 0)": ("adam(:learning_rate)", "# :learning_rate stands for 1 / 0"),
    "import optax\nfor i in range(2):\n    lr = i\ntx = optax.adam(lr)": (
        "adam(:lr)",
        "# :lr stands for for i in range(2): lr = i (line 2)",
    ),
    "import optax\nxs = []\nfor x in y:\n    xs.append(x)\ntx = optax.chain(*xs)": (
        ":chain",
        "# :chain stands for optax.chain(*xs) (line 5)",
    ),
    "import optax\nxs = []\nys = xs\nys.append(optax.clip(1.0))\ntx = optax.chain(*xs, optax.sgd(0.1))": (
        ":chain",
        "# :chain stands for optax.chain(*xs, optax.sgd(0.1)) (line 5)",
    ),
    "import optax\nc = {'lr': 1}\nc['lr'] = 2\ntx = optax.sgd(c['lr'])": (
        "sgd(:lr)",
        "# :lr stands for c['lr'] (line 4)",
    ),
    "import optax\nlr = 1\ndef make():\n    return optax.sgd(lr)\nlr = 2\ntx = make()": (
        "sgd(:lr)",
        "# :lr stands for 2 (line 5)",
    ),
    "import optax\n@wrapped\ndef make():\n    return optax.sgd(1)\ntx = make()": (
        ":make",
        "# :make stands for make() (line 5)",
    ),
    "import optax\ndef f(x):\n    return f(x)\ntx = optax.adam(f(1))": (
        ":adam",
        "# :adam stands for optax.adam(f(1)) (line 4)",
    ),
    "optax.sgd(optax.cosine_decay_schedule(0.1, 99.5))": (
        "sgd(:learning_rate)",
        "# :learning_rate stands for optax.cosine_decay_schedule(0.1, 99.5)",
    ),
    "tx = build(config)": (":build", "# :build stands for build(config)"),
}  # fmt: skip


@pytest.mark.parametrize("source", HOLES)
def test_what_has_no_words_is_a_hole_with_a_comment(source: str) -> None:
    program, comment = HOLES[source]
    assert read(source) == squeezed(program)
    assert comment in [one.text for one in from_python(source).comments]


# ---- errors


def test_what_is_no_python_is_reported_where_it_is() -> None:
    with pytest.raises(optdsl.OptdslError) as raised:
        from_python("import optax\ntx = optax.adam(1e-3\n", name="train.py")
    (finding,) = raised.value.diagnostics
    assert (finding.code, finding.span.file, finding.span.line, finding.span.column) == ("E110", "train.py", 2, 16)
    assert "2 | tx = optax.adam(1e-3\n   |                ^" in str(raised.value)


@pytest.mark.parametrize("source", ["", "\n", "# nothing", "3", "x = 3", "import optax", "def f(): pass"])
def test_a_source_without_an_optimizer_is_reported(source: str) -> None:
    with pytest.raises(optdsl.OptdslError) as raised:
        from_python(source)
    assert [finding.code for finding in raised.value.diagnostics] == ["E111"]


HOSTILE = {
    "null": ("a\0", {"E110"}),
    "surrogate": ('"\ud800"', {"E110"}),
    "quotes": ("optax.adam('", {"E110"}),
    "indent": ("if x:\npass", {"E110"}),
    "minus": ("optax.adam(" + "-" * 5000 + "1)", {"E108"}),
    "dots": ("optax.adam(a" + ".b" * 5000 + ")", {"E108"}),
    "brackets": ("(" * 300 + ")" * 300, {"E110"}),
    "stages": ("optax.chain(" + "optax.clip(1.0), " * 1500 + ")", {"E107"}),
    "names bound anew": (2 * "".join(f"x{i} = {i}\n" for i in range(9000)), {"E107"}),
    "long": ("#" + "a" * 300_000, {"E107"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_source_ends_in_a_finding(name: str) -> None:
    source, codes = HOSTILE[name]
    with pytest.raises(optdsl.OptdslError) as raised:
        from_python(source)
    assert {finding.code for finding in raised.value.diagnostics} == codes
    assert "Traceback" not in str(raised.value)


GROWING = {
    "power": "optax.adam(9 ** 9 ** 9 ** 9)",
    "big": "optax.adam(" + "9" * 4000 + ")",
    "huge": "optax.adam(-1e400)",
    "sum": "optax.adam(" + "+".join(["lr"] * 300) + ")",
    "blocks": "optax.flatten(" * 70 + "optax.sgd(1.0)" + ")" * 70,
    "chains": "optax.chain(" * 70 + "optax.sgd(1.0)" + ")" * 70,
    "itself": "x = x\ntx = optax.adam(x)",
    "functions": "def f0(x):\n    return x\n"
    + "".join(f"def f{i}(x):\n    return f{i - 1}(x) + f{i - 1}(x)\n" for i in range(1, 40))
    + "tx = optax.adam(f39(1))",
    "names": "x0 = 1.0\n" + "".join(f"x{i} = x{i - 1} + x{i - 1}\n" for i in range(1, 200)) + "tx = optax.adam(x199)",
    "itself again": "(lambda f: f(f))(lambda f: f(f))",
}


@pytest.mark.parametrize("name", GROWING)
def test_a_source_that_grows_is_read_as_far_as_it_goes(name: str) -> None:
    text = str(from_python(GROWING[name]))
    assert len(text) < 10_000
    assert str(optdsl.parse(text)) == text


RUNNING = [
    "__import__('os').system('touch {mark}')",
    "open('{mark}', 'w')",
    "optax.adam(__import__('os').system('touch {mark}') or 1e-3)",
    "optax.adam(open('{mark}', 'w').write('x'))",
    "exec(\"open('{mark}', 'w')\")\ntx = optax.sgd(0.1)",
    "import optax\ndef f():\n    open('{mark}', 'w')\n    return 0.1\ntx = optax.sgd(f())",
    "import optax\n@open('{mark}', 'w').write\ndef f():\n    return 0.1\ntx = optax.sgd(f())",
    "import optax\nclass A:\n    open('{mark}', 'w')\ntx = optax.sgd(0.1)",
    "import optax\nx = [open('{mark}', 'w') for _ in range(3)]\ntx = optax.chain(*x)",
    "import optax\ntx = optax.sgd(f\"{{open('{mark}', 'w')}}\")",
]


@pytest.mark.parametrize("source", RUNNING)
def test_nothing_of_a_source_runs(source: str, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    assert_only_holes(from_python(source.format(mark=mark)))
    assert not mark.exists()


def test_a_module_that_is_imported_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_optimizers.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    source = "import optax\nfrom my_optimizers import mine\ntx = optax.chain(mine(3), optax.sgd(0.1))"
    assert read(source) == ":mine | sgd(0.1)"

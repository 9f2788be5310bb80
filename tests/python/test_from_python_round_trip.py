"""What `to_python` writes, `from_python` reads back: the same meaning, and the same Python once more."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optdsl import ir, registry
from optdsl.python import to_python
from optdsl.python.read import from_python
from optdsl.registry import Kind, Parameter, Row, Sort
from optdsl.semantics.resolve import resolve
from optdsl.semantics.show import show
from optdsl.source import Source
from optdsl.syntax.ast import hole_names
from optdsl.syntax.parser import parse

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.opt"))
LENGTHS = {"total": 10_000, "epoch_steps": 100}
SAME_IN_OTHER_WORDS = {"resnet"}
"""Examples that come back with another word: `decay`, in the place where it is `add_decayed_weights`."""


def meaning(text: str, **holes: Any) -> ir.Chain:
    program, findings = parse(Source(text))
    assert program is not None, findings
    chain, findings, _ = resolve(program, holes)
    assert chain is not None, findings
    return chain


def read_back(source: str) -> ir.Chain:
    """Returns the meaning of the program in Python source, which must have no holes."""
    program = from_python(source)
    assert hole_names(program) == set(), str(program)
    return meaning(str(program))


# ---- examples


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_comes_back(path: Path) -> None:
    chain = meaning(path.read_text(encoding="utf-8"), **LENGTHS)
    python = to_python(chain)
    again = read_back(python)
    assert to_python(again) == python
    same = ir.fingerprint(again) == ir.fingerprint(chain)
    assert same == (path.stem not in SAME_IN_OTHER_WORDS)


# ---- programs

PROGRAMS = [
    "centralize | sgd(0.1)",
    "centralize(axes=all, min_ndim=3) | sgd(0.1)",
    "centralize(axes=-1) | centralize(axes=(0, 2)) | sgd(0.1)",
    "centralize(axes=0, sparse_rows=true) | sgd(0.1)",
    "centralize(axes=(-1,), axis_name={1: 'data', 0: 'model'}) | sgd(0.1)",
    "centralize(min_ndim=1) where not **/bias | sgd(0.1)",
    "clip(1.0 * (1 -> linear(0.5, 10))) | sgd(0.1)",
    "adam(1e-3, b1=0.9 - 0.1 * warmup(100), eps=1e-8 -> exponential(1e-6, 50))",
    "sgd(0.1 -> cosine(0.01, 10) -> hold(5) -> linear(0, 3))",
    "sgd(0.1 * max(step, 3) ** 0.5 / (1 + sqrt(abs(2 - step))))",
    "sgd(0.1 when step < 10 and not (step == 3 or step == 4) else 0.2 when step >= 20 else exp(-step))",
    "adamw(1e-3, weight_decay=(0.1 -> linear(0, 10)) where ndim > 1)",
    "adamw(1e-3 * (0.5 where embed/** else 1), weight_decay=0.1 where kernel else 0.01 where bias or norm else 0)",
    "sgd((0.1 -> linear(0, 10)) * (0.5 ** i where blocks_{i}/** else 2 where embedding else 1))",
    "sgd(0.1 * (0.5 where shape[-1] == 10 and path ~ '^head' else 1 when step > 3 else 2))",
    "sgd(0.1 where a_{i}/b/** or c/d_{i} else 1)",
    "clip(1.0) where ndim > 1 and not (embed/** or **/bias) when step > 10 | sgd(0.1)",
    "(clip(1.0) | trace(0.9)) where dtype == bfloat16 or size > 100 | sgd(0.1)",
    "match { a/** => sgd(0.1), **/b or c_*/d => trace(0.9), path ~ 'x[0-9]+$' => adam(1e-3), else => lion(1e-4) }",
    "freeze where not (a/** and **/b) | match { ndim > 1 => muon(0.02), else => adam(1e-3) }",
    "match { ndim > 1 => accumulate(2) { clip_norm(1.0) | sgd(0.1) }, else => skip_nonfinite(5) { sgd(0.1) } }",
    "lars(0.1, trust_ratio_mask=true where ndim > 1, weight_decay=0.1, weight_decay_mask=true where kernel)",
    "accumulate(4) { polyak_sgd } | average(0.99)",
    "live rate = 1e-3; live bound = 1; clip(bound) | adam(rate) | scale(bound)",
    "sam(normalize | sgd(0.05), sync_period=2) { sgd(0.1) }",
    "schedule_free(learning_rate=0.1) { sgd(0.1) }",
    "adam(1e-3, mu_dtype=bfloat16)",
    "prodigy(betas=(0.9, 0.99)) when step < 3",
    "sgd(join_schedules([exponential_decay(0.1, 10, 0.5), 0.1 -> linear(0, 5)], [20]))",
    "sgd(piecewise_constant_schedule(0.1, {10: 0.5, 20: 0.1}) * 2)",
    "sgd(warmup_cosine_decay_schedule(0.0, 0.1, 10, 100, exponent=2.0))",
    "apply_every(3) | keep_params_nonnegative | sgd(0.1) when step > 100",
]


@pytest.mark.parametrize("text", PROGRAMS)
def test_a_program_comes_back(text: str) -> None:
    chain = meaning(text)
    python = to_python(chain)
    again = read_back(python)
    assert to_python(again) == python
    assert ir.fingerprint(again) == ir.fingerprint(_as_masks(chain))


def _as_masks(chain: ir.Chain) -> ir.Chain:
    """Returns the chain as it comes back where a mask and a number are one value: `0.1 where kernel`."""
    return meaning(_LARS) if any(getattr(stage, "word", "") == "lars" for stage in chain.stages) else chain


_LARS = "lars(0.1, trust_ratio_mask=true where ndim > 1, weight_decay=0.1 where kernel)"

OTHER_WORDS = {
    "clip_by_global_norm(1.0) | sgd(0.1)": "clip_norm(1.0) | sgd(0.1)",
    "scale_by_adam | scale_by_learning_rate(0.1)": "scale_by_adam | lr(0.1)",
    "apply_if_finite(5) { sgd(0.1) }": "skip_nonfinite(5) { sgd(0.1) }",
    "sgd(0.1) | maximize": "sgd(0.1) | scale(-1.0)",
    "scale_by_adam | decay(0.1) | lr(0.1)": "scale_by_adam | add_decayed_weights(0.1) | lr(0.1)",
    "sgd(0.1) | decay(0.1)": "sgd(0.1) | add_decayed_weights(-0.1)",
    "sgd(linear_schedule(1, 0, 10))": "sgd(1 -> linear(0, 10))",
    "sgd(cosine_decay_schedule(0.1, 10))": "sgd(0.1 -> cosine(0, 10))",
    "sgd(constant_schedule(0.1))": "sgd(0.1)",
    "match { a/b => freeze, else => sgd(0.1) }": "freeze where a/b | sgd(0.1)",
    "match { a/** => sgd(0.1), **/b or c_*/d => freeze, else => lion(1e-4) }": (
        "freeze where (**/b or c_*/d) and not a/** | match { a/** => sgd(0.1), else => lion(1e-4) }"
    ),
}


@pytest.mark.parametrize("text", OTHER_WORDS)
def test_two_words_for_one_thing_come_back_as_one(text: str) -> None:
    assert ir.fingerprint(read_back(to_python(meaning(text)))) == ir.fingerprint(meaning(OTHER_WORDS[text]))


def test_centralize_comes_back_for_the_layout_of_torch() -> None:
    python = to_python(meaning("centralize(axes=fan_in) | sgd(0.1)"), layout="torch")
    assert str(from_python(python)) == "centralize | sgd(0.1)"  # all axes but the first


def test_axes_that_the_host_declares_are_a_hole() -> None:
    python = to_python(meaning("centralize(axes=-1) | sgd(0.1 where ndim > 1 else 1)"), stacked={"layers/**": 1})
    program = from_python(python)
    assert hole_names(program) == {"f", "per_leaf"}


def test_holes_for_python_objects_come_back() -> None:
    text = "freeze where :mask | :mine | adamw(0.1 * :rate, weight_decay=0.1 where :mask and ndim > 1)"
    transform = type("Transform", (), {"init": print, "update": print})()
    python = to_python(meaning(text, mask=lambda tree: tree, mine=transform, rate=lambda step: step))
    program = from_python(python)
    assert hole_names(program) == {"mask", "mine", "rate"}
    assert [comment.text for comment in program.comments] == [
        f"# :{name} stands for {name} (line {line})" for name, line in _parameters(python)
    ]
    lines = [line for line in str(program).splitlines() if not line.startswith("#")]
    assert " ".join(lines) == text


def _parameters(python: str) -> list[tuple[str, int]]:
    line = next(number for number, text in enumerate(python.splitlines(), 1) if text.startswith("def make("))
    return [(name, line) for name in ("mask", "mine", "rate")]


# ---- random chains

_UNLIKE = {"clip_by_global_norm", "scale_by_learning_rate", "apply_if_finite", "maximize", "decay", "freeze"}
"""Words that come back as others; each is tested above."""

_PLAIN = {Kind.NUMBER, Kind.SCHEDULABLE, Kind.INTEGER, Kind.BOOL, Kind.DTYPE}


def _is_random(row: Row) -> bool:
    needed = {parameter.kind for parameter in row.parameters if parameter.required}
    return row.name not in _UNLIKE and row.sort is Sort.TRANSFORM and needed <= {*_PLAIN, Kind.TRANSFORM}


ROWS = [row for row in registry.transforms() if _is_random(row)]


def _numbers(parameter: Parameter) -> st.SearchStrategy[str]:
    bounds = parameter.bounds
    low = 0.0 if bounds is None or bounds.low is None else bounds.low
    high = 1000.0 if bounds is None or bounds.high is None else bounds.high
    if parameter.kind is Kind.INTEGER:
        return st.integers(int(low) + 1, int(high)).map(str)
    inside = st.floats(low, high, allow_nan=False).filter(lambda x: bounds is None or bounds.admits(x))
    return inside.map(show)


def _schedules(parameter: Parameter) -> st.SearchStrategy[str]:
    steps, number = st.integers(1, 10_000).map(str), _numbers(parameter)
    arrow = st.tuples(number, st.sampled_from(["linear", "cosine"]), number, steps)
    return st.one_of(
        arrow.map(lambda a: f"{a[0]} -> {a[1]}({a[2]}, {a[3]})"),
        number.map(lambda n: f"{n} * warmup(10) when step < 20 else {n}"),
        number.map(lambda n: f"{n} where ndim > 1 and not **/bias else 0.5 * {n}"),
        st.tuples(number, steps).map(lambda a: f"exponential_decay({a[0]}, {a[1]}, 0.5)"),
    )


def _values(parameter: Parameter) -> st.SearchStrategy[str]:
    match parameter.kind:
        case Kind.BOOL:
            return st.sampled_from(["true", "false"])
        case Kind.DTYPE:
            return st.sampled_from(["bfloat16", "float32"])
        case Kind.SCHEDULABLE:
            return _numbers(parameter) | _schedules(parameter)
        case _:
            return _numbers(parameter)


@st.composite
def stages(draw: st.DrawFn) -> str:
    row = draw(st.sampled_from(ROWS))
    plain = [parameter for parameter in row.parameters if parameter.kind in _PLAIN]
    chosen = [p for p in plain if p.required or draw(st.integers(0, 2)) == 0]
    texts = [f"{parameter.name}={draw(_values(parameter))}" for parameter in chosen]
    inner = [p.name for p in row.parameters if p.kind is Kind.TRANSFORM and p.required]
    texts += [f"{name}=sgd(0.1) | clip(1.0)" for name in inner]
    return f"{row.name}({', '.join(texts)})"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(stages(), min_size=1, max_size=4))
def test_a_random_chain_comes_back(texts: list[str]) -> None:
    program, findings = parse(Source(" | ".join(texts)))
    assert program is not None, findings
    chain = resolve(program, {}).chain
    if chain is None:  # two arguments that do not go together
        return
    again = read_back(to_python(chain))
    assert ir.fingerprint(again) == ir.fingerprint(chain)


def test_random_chains_are_made_of_most_rows() -> None:
    assert len(ROWS) > 0.8 * len(registry.transforms())

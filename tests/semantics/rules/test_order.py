"""Stages in an order that undoes them, E304 to E308, W501, W503, W504, W507 to W509: fires and near misses."""

import pytest
from marked import Case, assert_fires, codes

FIRES = {
    "E304": [
        Case("clip_by_global_norm(«1.0 where ndim > 1 else .5») | adam(1e-3)"),
        Case("accumulate(2) { clip_norm(«1.0 where ndim > 1 else .5») | adam(1e-3) }"),
        Case("match { ndim > 1 => clip_norm(«1.0 where bias else .5») | adam(1e-3), else => sgd(.1) }"),
    ],
    "E305": [
        Case("‹clip_norm(1)› | «zero_nans» | adam(1e-3)", "other entries", "zero_nans | clip_norm(1) | adam(1e-3)"),
        Case("‹trace(.9)› | «zero_nans» | lr(.1)", "its state", "zero_nans | trace(.9) | lr(.1)"),
        Case("‹adam(.1)› | «zero_nans»", "its state", "zero_nans | adam(.1)"),
        Case("‹lr(.1)› | «zero_nans»", "the update", "zero_nans | lr(.1)"),
        # What stands between keeps its order.
        Case("‹centralize› | clip(1.0) | «zero_nans» | sgd(.1)", "", "zero_nans | centralize | clip(1.0) | sgd(.1)"),
        Case(
            "clip(1.0)\n| ‹clip_norm(1)›\n| «zero_nans»\n| sgd(.1)",
            "",
            "clip(1.0)\n| zero_nans\n| clip_norm(1)\n| sgd(.1)",
        ),
        # Brackets, names, guards and comments tie a stage to its place.
        Case("accumulate(2) { ‹clip_norm(1)› } | «zero_nans» | sgd(.1)"),
        Case("‹clip_norm(1)› | accumulate(2) { «zero_nans» | sgd(.1) }"),
        Case("‹clip_norm(1)› | «zero_nans» where ndim > 1 | sgd(.1)"),
        Case("‹clip_norm(1)› where ndim > 1 | «zero_nans» | sgd(.1)"),
        Case("‹clip_norm(1)› as bound | «zero_nans» | sgd(.1)"),
        Case("‹clip_norm(1)› # bounds\n| «zero_nans» | sgd(.1)"),
        Case("‹clip_norm(1)› | match { ndim > 1 => «zero_nans» | sgd(.1), else => sgd(.1) }"),
        Case("first = ‹clip_norm(1)›; first | «zero_nans» | sgd(.1)"),
        Case(
            "‹match { ndim > 1 => clip_norm(1), else => identity }› | «zero_nans» | sgd(.1)",
            "",
            "zero_nans | match { ndim > 1 => clip_norm(1), else => identity } | sgd(.1)",
        ),
    ],
    "E306": [
        Case("flatten { «centralize(axes=-1)» | sgd(.1) }", "outside"),
        Case("flatten { clip(1.0) | «adafactor(.1)» }", "outside"),
        Case("flatten { «clip_by_block_rms(1)» | sgd(.1) }", "outside"),
        Case("flatten { accumulate(2) { «muon(.1)» } }", "outside"),
        Case("accumulate(2) { flatten { «lamb(.1)» } }", "outside"),
        Case("flatten { match { ndim > 1 => «lars(.1)», else => sgd(.1) } }", "outside"),
        Case("flatten { «scale_by_trust_ratio» where ndim > 1 | sgd(.1) }", "outside"),
    ],
    "E307": [
        Case("«clip(1.0)» | ‹lbfgs›", "remove"),
        Case("«clip_norm(1.0)» | «centralize» | ‹lbfgs›", "remove"),
        Case("«normalize» | ‹lbfgs›", "remove"),
        Case("‹lbfgs› | «scale(.5)»", "remove"),
        Case("‹lbfgs› | «decay(.01)» | average(.9)", "remove"),
        Case("sgd(1.0) | ‹scale_by_backtracking_linesearch(15)› | «scale(.1)»"),
        Case("«clip(1.0)» | skip_nonfinite(inf) { ‹lbfgs› }", "remove"),
        Case("match { ndim > 1 => «clip(1.0)» | ‹lbfgs›, else => freeze }", "remove"),
    ],
    "E308": [
        Case("adam(1e-3) | ‹keep_params_nonnegative› | «scale(.5)»", "last"),
        Case("adam(1e-3) | ‹keep_params_nonnegative› | average(.9) | «decay(.1)» | scale(2)", "last"),
        Case("accumulate(2) { sgd(.1) | ‹keep_params_nonnegative› } | «scale(.5)»", "last"),
        Case("sgd(.1) | ‹keep_params_nonnegative› where bias | «scale(.5)»", "last"),
        Case("match { bias => sgd(.1) | ‹keep_params_nonnegative›, else => sgd(.1) } | «scale(.5)»", "last"),
    ],
    "W501": [
        Case("‹adam(1e-3)› | «clip_norm(1.0)»", "before", "clip_norm(1.0) | adam(1e-3)"),
        Case("‹lr(.1)› | «adaptive_grad_clip(.1)»", "before", "adaptive_grad_clip(.1) | lr(.1)"),
        Case("‹lr(.1)› | «clip_by_block_rms(.1)»", "before", "clip_by_block_rms(.1) | lr(.1)"),
        # The others keep their order: the scale stays behind Adam.
        Case("‹adam(1e-3)› | scale(.5) | «clip_norm(1.0)»", "", "clip_norm(1.0) | adam(1e-3) | scale(.5)"),
        Case("‹adam(1e-3)›\n  | «clip(1.0)»  # late", "", "clip(1.0)\n  | adam(1e-3)  # late"),
        Case("# why\n‹adam(1e-3)› | «clip(1.0)»", "", "# why\nclip(1.0) | adam(1e-3)"),
        Case("accumulate(2) { ‹adam(1e-3)› | «clip(1.0)» }", "", "accumulate(2) { clip(1.0) | adam(1e-3) }"),
        Case(
            "match { ndim > 1 => ‹adam(1e-3)› | «clip(1.0)», else => freeze }",
            "",
            "match { ndim > 1 => clip(1.0) | adam(1e-3), else => freeze }",
        ),
        Case("mine = ‹adam(1e-3)› | «clip(1.0)»; mine", "", "mine = clip(1.0) | adam(1e-3); mine"),
        Case("accumulate(2) { ‹adam(1e-3)› } | «clip(1.0)»"),
        Case("accumulate(2) { ‹adam(1e-3)› } | scale(2) | «clip(1.0)»"),
        Case("‹adam(1e-3)› | accumulate(2) { «clip(1.0)» }"),
        Case("‹adam(1e-3)› | «clip(1.0)» as late"),
        Case("‹adam(1e-3)› | «clip(1.0)» when 1 < 2"),
        Case("‹adam(1e-3)› | «clip(1.0)» when step < 5"),
        Case("‹adam(1e-3)› | «clip(1.0)» where ndim > 1"),
        Case("‹adam(1e-3)› | («clip(1.0)»)"),
        Case("(‹adam(1e-3)› | scale(2)) | «clip(1.0)»"),
        Case("‹adam(1e-3)› | (scale(2) | «clip(1.0)»)"),
        Case("late = «clip(1.0)»; ‹adam(1e-3)› | late"),
        Case("def late(x) = «clip(x)»; ‹adam(1e-3)› | late(1.0)"),
        Case("def both(x) = ‹adam(x)› | «clip(1.0)»; match { bias => both(.1), else => both(.2) }"),
        Case(
            "‹match { bias => sgd(.1), else => sgd(.2) }› | «clip(1.0)»",
            "",
            "clip(1.0) | match { bias => sgd(.1), else => sgd(.2) }",
        ),
    ],
    "W503": [
        Case("«scale(.1)» | ‹adam(1e-3)›", "behind"),
        Case("«scale(-.1)» | ‹scale_by_adam› | scale(1)", "behind"),
        Case("«reduce_on_plateau» | ‹lion(1e-4)›", "behind"),
        Case("«scale(.1)» | ‹normalize› | sgd(.1)", "behind"),
        Case("«scale(.1)» | accumulate(2) { ‹adam(1e-3)› }", "behind"),
        Case("accumulate(2) { «scale(.1)» } | ‹adam(1e-3)›", "behind"),
        Case("match { ndim > 1 => «scale(.1)» | ‹adam(1e-3)›, else => sgd(.1) }", "behind"),
        Case("match { ndim > 1 => «scale(.1)», else => identity } | ‹adam(1e-3)›", "behind"),
    ],
    "W504": [
        Case("«add_decayed_weights(.1)» | ‹adam(1e-3)›", "adamw", "adamw(1e-3, weight_decay=.1)"),
        Case(
            "clip(1.0) | «decay(1e-4)» | ‹adam(1e-3, b1=.8)›",
            "adamw",
            "clip(1.0) | adamw(1e-3, b1=.8, weight_decay=1e-4)",
        ),
        Case("w = .1; «decay(w)» | ‹adam(\n  1e-3,\n)›", "adamw", "w = .1; adamw(\n  1e-3, weight_decay=w)"),
        Case("«decay(weight_decay=.1)» | ‹adam(3e-4)› as main", "adamw"),
        Case("«decay(.1)» | clip(1.0) | ‹adam(1e-3)›", "adamw"),
        Case("«decay(.1 where ndim > 1)» | ‹adam(1e-3)›", "adamw"),
        Case("«decay(.1)» | ‹adam(1e-3)› when 1 < 2", "adamw"),
        Case("«decay(.1)» # L2\n| ‹adam(1e-3)›", "adamw"),
        Case("«decay(.1)» | ‹adam(1e-3 # the rate\n)›", "adamw"),
        Case("«decay(.1)» | ‹scale_by_adam› | lr(.1)", "adamw"),
        Case("«decay(.1)» | accumulate(2) { ‹adam(1e-3)› }", "adamw"),
        Case("«decay(.1)» | ‹rmsprop(1e-3)›", "adamw"),
        Case("«decay(.1)» | ‹novograd(1e-3)›", "adamw"),
        Case("«decay(.1)» | ‹lion(1e-3, weight_decay=0)›", "adamw"),
        Case(
            "match { ndim > 1 => «decay(.1)» | ‹adam(1e-3)›, else => freeze }",
            "",
            "match { ndim > 1 => adamw(1e-3, weight_decay=.1), else => freeze }",
        ),
    ],
    "W507": [
        Case("«clip(1.0)» | ‹centralize(axes=-1)› | sgd(.1)", "first", "centralize(axes=-1) | clip(1.0) | sgd(.1)"),
        Case("«clip(1.0)» | accumulate(2) { ‹centralize› | sgd(.1) }", "first"),
        Case("«clip(1.0)» as bound | ‹centralize› | sgd(.1)", "first"),
    ],
    "W508": [
        Case("«centralize(axes=-1)» | ‹adam(1e-3)›", "entry by entry"),
        Case("«centralize» | trace(.9) | ‹scale_by_rms› | lr(.1)", "entry by entry"),
        Case("«centralize» | accumulate(2) { ‹adam(1e-3)› }", "entry by entry"),
        Case("accumulate(2) { «centralize» } | ‹adam(1e-3)›", "entry by entry"),
    ],
    "W509": [
        Case("«centralize(axes=-1)» | ‹lion(1e-4)›", "sign"),
        Case("«centralize» | trace(.9) | ‹scale_by_sign› | lr(.1)", "sign"),
        Case("«centralize» | ‹signum(1e-3)›", "sign"),
        Case("«centralize» | skip_nonfinite(inf) { ‹sign_sgd(1e-3)› }", "sign"),
    ],
}

SILENT = {
    "E304": [
        "clip(1.0 where ndim > 1 else .5) | adam(1e-3)",
        "adamw(1e-3, weight_decay=.1 where ndim > 1)",
        "clip_norm(1.0) | match { ndim > 1 => adam(1e-3), else => sgd(.1 where bias else .2) }",
    ],
    "E305": [
        "zero_nans | clip_norm(1) | adam(1e-3)",
        "clip(1.0) | scale(.5) | zero_nans | adam(1e-3)",
        "maximize | zero_nans | sgd(.1)",
        "decay(.1) | zero_nans | sgd(.1)",
        "zero_nans | zero_nans | sgd(.1)",
        "match { ndim > 1 => clip(1.0), else => identity } | zero_nans | adam(1e-3)",
        "clip(1.0) where ndim > 1 | zero_nans | adam(1e-3)",
        "accumulate(2) { clip(1.0) } | zero_nans | adam(1e-3)",
        "skip_nonfinite(inf) { clip(1.0) | zero_nans | adam(1e-3) }",
        "match { ndim > 1 => zero_nans | clip_norm(1) | sgd(.1), else => zero_nans | sgd(.1) }",
    ],
    "E306": [
        "flatten { clip(1.0) | decay(.1) | trace(.9) | adam(1e-3) }",
        "flatten { clip_norm(1.0) | lion(1e-4) }",
        "flatten { match { ndim > 1 => sgd(.1), else => adam(.1) } }",
        "flatten { skip_nonfinite(inf) { adam(.1) } }",
        "centralize | flatten { sgd(.1) }",
        "flatten { sgd(.1) } | scale_by_trust_ratio",
    ],
    "E307": [
        "lbfgs",
        "identity | lbfgs | average(.99)",
        "sgd(1.0) | scale_by_backtracking_linesearch(15)",
        "scale_by_adam | scale(-1) | scale_by_zoom_linesearch(15)",
        "add_decayed_weights(.1) | lbfgs",
        "lbfgs | keep_params_nonnegative",
        "clip(1.0) | lbfgs(.1, linesearch=none) | scale(.5)",
        "freeze where bias | lbfgs",
        "clip(1.0) | polyak_sgd",
        "match { ndim > 1 => lbfgs, else => freeze }",
    ],
    "E308": [
        "adam(1e-3) | keep_params_nonnegative",
        "adam(1e-3) | keep_params_nonnegative | average(.99)",
        "adam(1e-3) | keep_params_nonnegative | keep_params_nonnegative",
        "adam(1e-3) | keep_params_nonnegative | freeze where bias",
        "accumulate(2) { sgd(.1) | keep_params_nonnegative }",
        "keep_params_nonnegative | identity | scale(2) when false | sgd(.1) when false",
    ],
    "W501": [
        "clip_norm(1.0) | adam(1e-3)",
        "scale_by_adam | clip(1.0) | lr(.1)",
        "maximize | clip(1.0) | sgd(.1)",
        "clip(1.0) | accumulate(2) { adam(1e-3) }",
        "adam(1e-3) | keep_params_nonnegative",
        "match { ndim > 1 => clip(1.0) | adam(1e-3), else => clip(1.0) | sgd(.1) }",
    ],
    "W503": [
        "adam(1e-3) | scale(.1)",
        "scale(.1) | sgd(1e-3)",
        "scale(1) | adam(1e-3)",
        "scale(-1) | scale_by_adam | scale(.1)",
        "scale(.1) | trace(.9) | adam(1e-3)",
        "scale(.1) | clip(1.0) | adam(1e-3)",
        "scale(.1) where ndim > 1 | adam(1e-3)",
        "scale(.1) | scale_by_adam where ndim > 1 | lr(.1)",
        "scale(.1) when step < 10 | adam(1e-3)",
        "scale(.1) | yogi(1e-3)",
        "scale(.1) | set_to_zero",
        "match { ndim > 1 => scale(.1), else => identity } | normalize | lr(.1)",
    ],
    "W504": [
        "adamw(1e-3, weight_decay=.1)",
        "scale_by_adam | decay(.1) | lr(1e-3)",
        "scale_by_adam | decay(.1) | scale_by_trust_ratio | lr(1e-3)",
        "add_decayed_weights(.1) | sgd(.1, momentum=.9)",
        "add_decayed_weights(.1) | lars(.1)",
        "decay(.1) | dog",
        "decay(0) | adam(1e-3)",
        "decay(.1) | accumulate(2) { sgd(.1) }",
        "adam(1e-3) | decay(.1)",
        "match { ndim > 1 => decay(.1) | sgd(.1), else => adam(.1) }",
    ],
    "W507": [
        "clip_norm(1.0) | centralize | sgd(.1)",
        "centralize | clip(1.0) | sgd(.1)",
        "clip(1.0) | trace(.9) | centralize | sgd(.1)",
        "clip_by_block_rms(1.0) | centralize | sgd(.1)",
        "match { ndim > 1 => clip(1.0) | sgd(.1), else => centralize | sgd(.1) }",
    ],
    "W508": [
        "scale_by_adam | centralize | lr(1e-3)",
        "centralize | sgd(.1, momentum=.9)",
        "centralize | clip(1.0) | sgd(.1)",
        "centralize | decay(.1) | add_noise(.01, .5, 3) | sgd(.1)",
        "centralize | sgd(.1) | keep_params_nonnegative",
        "centralize | set_to_zero",
        "centralize | accumulate(2) { sgd(.1) }",
        "centralize | match { ndim > 1 => adam(.1), else => sgd(.1) }",
    ],
    "W509": [
        "centralize | sgd(.1)",
        "centralize | adam(.1)",
        "lion(1e-4) | centralize",
        "scale_by_sign | centralize | lr(.1)",
    ],
}


@pytest.mark.parametrize(("code", "case"), [(c, case) for c, cases in FIRES.items() for case in cases], ids=str)
def test_fires(code: str, case: Case) -> None:
    assert_fires(code, case)


@pytest.mark.parametrize(("code", "text"), [(c, text) for c, texts in SILENT.items() for text in texts], ids=str)
def test_stays_silent(code: str, text: str) -> None:
    found = codes(text)
    assert code not in found
    assert [c for c in found if c[:2] in ("E1", "E2")] == []

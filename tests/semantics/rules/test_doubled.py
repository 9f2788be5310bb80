"""The same thing twice, or the wrong thing: W502, W505, W506, W510 to W514, W516, N601, N603."""

import pytest
from marked import Case, assert_fires, codes

FIRES = {
    "W502": [
        Case("‹adam(.1)› | «scale_by_schedule(linear_schedule(1, 0, 100))»", "0.1 * 1 = 0.1"),
        Case("‹sgd(1e-3 -> linear(0, 10))› | «scale_by_schedule(.5 -> linear(0, 10))»", "0.001 * 0.5 = 0.0005"),
        Case("‹sgd(.1)› | scale(-1) | «lr(.1)»", "0.1 * 0.1 = 0.01"),
        Case("accumulate(2) { ‹adam(.1)› } | «scale_by_schedule(linear_schedule(1, 0, 100))»", "= 0.1"),
        Case("‹adam(.1)› | «scale_by_schedule(1 / (1 + step))»", "the two multiply write the schedule"),
        Case("‹adam(.1)› | «scale_by_schedule(0 -> linear(1, 10))»", "the two multiply write the schedule"),
        Case("‹lr(.1)› | scale(-1) | «lr(.1)»", "multiply: 0.1 * 0.1 = 0.01 write one rate, in `lr`"),
    ],
    "W505": [
        Case("‹adamw(1e-3, weight_decay=.1)› | «decay(1e-4)»", "0.1"),
        Case("«decay(1e-4)» | ‹adamw(1e-3)›", "0.0001"),
        Case("accumulate(2) { ‹lion(1e-4)› } | «decay(1e-4)»", "0.001"),
        Case("«add_decayed_weights(.1)» | skip_nonfinite(inf) { ‹adamw(1e-3, weight_decay=.1 where ndim > 1)› }"),
        Case("match { bias => ‹adamw(1e-3)› | «decay(.1)», else => sgd(.1) }", "weight_decay=0"),
    ],
    "W506": [
        Case("sgd(.1) | «add_decayed_weights(.01)»", "decay(0.01)", "sgd(.1) | decay(.01)"),
        Case("«add_decayed_weights(-.01)» | sgd(.1)", "before", "decay(.01) | sgd(.1)"),
        Case("«add_decayed_weights(weight_decay=-1e-4)» | sgd(.1)", "", "decay(1e-4) | sgd(.1)"),
        Case("w = .01; sgd(.1) | «add_decayed_weights(w)»", "", "w = .01; sgd(.1) | decay(w)"),
        Case("w = -.01; «add_decayed_weights(w)» | sgd(.1)", "decay(0.01)"),
        Case("w = -.01; sgd(.1) | «add_decayed_weights(-w)»", "decay(0.01)"),
        Case("sgd(.1) | «add_decayed_weights(.01, mask=true where ndim > 1)»", "decay(0.01)"),
        Case("sgd(.1) | «add_decayed_weights(.01)» where ndim > 1", "", "sgd(.1) | decay(.01) where ndim > 1"),
        Case("accumulate(2) { sgd(.1) } | «add_decayed_weights(.01)»", "", "accumulate(2) { sgd(.1) } | decay(.01)"),
        Case("accumulate(2) { «add_decayed_weights(-.01)» } | sgd(.1)", "", "accumulate(2) { decay(.01) } | sgd(.1)"),
        Case(
            "match { bias => sgd(.1) | «add_decayed_weights(.1)», else => sgd(.1) }",
            "",
            "match { bias => sgd(.1) | decay(.1), else => sgd(.1) }",
        ),
        Case("sgd(.1) | «add_decayed_weights(-.01)» | maximize", "", "sgd(.1) | decay(.01) | maximize"),
        Case("«add_decayed_weights(.01)» | sgd(.1) | maximize", "", "decay(.01) | sgd(.1) | maximize"),
    ],
    "W510": [
        Case("‹adam(1e-3)› | «ema(.999)»", "average(0.999)"),
        Case("‹adam(1e-3)› | clip(1.0) | «trace(.99)»", "average(0.99)"),
        Case("accumulate(2) { ‹adam(1e-3)› } | «ema(.999)»", "average(0.999)"),
        Case("match { bias => ‹sgd(.1)› | «ema(.9)», else => sgd(.1) }", "average(0.9)"),
        Case("‹sgd(.1)› | «ema(0 -> linear(.9, 10))»", "average(d)"),
    ],
    "W511": [
        Case("«trace(.9)» | ‹adam(1e-3)›", "by 10"),
        Case("«trace(.99)» | clip(1.0) | ‹sgd(.1, momentum=.9)›", "by 100"),
        Case("«trace(.9)» | ‹trace(.8)› | lr(.1)", "momentum"),
        Case("«trace(.9)» | accumulate(2) { ‹lion(1e-4)› }", "momentum"),
        Case("«trace(.9)» where ndim > 1 | ‹adam(.1)›"),
    ],
    "W512": [
        Case("«apply_every(4)» | adam(1e-3)", "accumulate(4)"),
        Case("sgd(.1) | «apply_every(k=8)»", "accumulate(8)"),
        Case("«apply_every(4)» | clip(1.0) | adam(1e-3)", "adds 4 updates up, and `adam` takes the zeros"),
        Case("adam(1e-3) | «apply_every(4)»", "adds 4 updates up, and the state of `adam` moves"),
        Case("«apply_every(4)» | sgd(.1)", "adds 4 updates up, where an average"),
        Case("«apply_every(1)» | sgd(.1)", "remove `apply_every(1)`", "sgd(.1)"),
        Case("sgd(.1) | «apply_every»", "lets every update pass", "sgd(.1)"),
        Case("skip_nonfinite(inf) { «apply_every(2)» | sgd(.1) }", "accumulate(2)"),
    ],
    "W513": [
        Case("match { ndim > 1 => «clip_by_global_norm(1)» | adam(1e-3), else => adam(1e-3) }", "before"),
        Case("match { ndim > 1 => «normalize» | sgd(.1), else => «clip_norm(1)» | sgd(.1) }", "before"),
        Case("match { ndim > 1 => accumulate(2) { «clip_norm(1)» | sgd(.1) }, else => sgd(.1) }", "before"),
        Case("match { bias => match { ndim > 1 => freeze, else => «clip_norm(1)» | sgd(.1) }, else => sgd(.1) }"),
    ],
    "W514": [
        Case("apply_if_finite(«3») { adam(1e-3) }", "inf", "apply_if_finite(inf) { adam(1e-3) }"),
        Case(
            "skip_nonfinite(max_consecutive_errors=«3») { sgd(.1) }",
            "",
            "skip_nonfinite(max_consecutive_errors=inf) { sgd(.1) }",
        ),
        Case(
            "accumulate(2) { skip_nonfinite(«5») { sgd(.1) } }", "", "accumulate(2) { skip_nonfinite(inf) { sgd(.1) } }"
        ),
        Case(
            "match { bias => skip_nonfinite(«5») { sgd(.1) }, else => freeze }",
            "",
            "match { bias => skip_nonfinite(inf) { sgd(.1) }, else => freeze }",
        ),
    ],
    "W516": [
        Case("«optimistic_adam»(1e-3)", "optimistic_adam_v2", "optimistic_adam_v2(1e-3)"),
        Case(
            "clip(1.0) | «optimistic_adam»(learning_rate=1e-3)",
            "",
            "clip(1.0) | optimistic_adam_v2(learning_rate=1e-3)",
        ),
        Case("«optimistic_adam»(1e-3, 2.0)", "optimistic_adam_v2"),
        Case("def old(x) = «optimistic_adam»(x); match { bias => old(.1), else => old(.2) }", "optimistic_adam_v2"),
    ],
    "N601": [
        Case("«adamw(1e-3)»", "0.0001"),
        Case("accumulate(2) { «lion(1e-4)» }", "0.001"),
        Case("match { bias => «adamw(1e-3)», else => sgd(.1) }", "0.0001"),
    ],
    "N603": [
        Case("«scale(1)» | sgd(.1)", "nothing", "sgd(.1)"),
        Case("sgd(.1) | «identity»", "nothing", "sgd(.1)"),
        Case("clip(1.0)\n| «identity»\n| sgd(.1)", "", "clip(1.0)\n| sgd(.1)"),
        Case("clip(1.0)  # bound\n| «identity» | sgd(.1)  # step", "", "clip(1.0)  # bound\n| sgd(.1)  # step"),
        Case("accumulate(2) { sgd(.1) | «identity» }", "", "accumulate(2) { sgd(.1) }"),
        Case("(«identity» | clip(1.0)) where ndim > 1 | sgd(.1)", "", "(clip(1.0)) where ndim > 1 | sgd(.1)"),
        Case(
            "match { bias => «identity» | sgd(.1), else => sgd(.1) | «scale(1)» }",
            "",
            "match { bias => sgd(.1), else => sgd(.1) }",
        ),
        Case("centralize | trace(.9) | «centralize» | sgd(.1)", "second", "centralize | trace(.9) | sgd(.1)"),
        Case("centralize(axes=-1) | scale(2) | zero_nans | «centralize(axes=-1)» as twice | sgd(.1)", "second"),
        Case("centralize | accumulate(2) { «centralize» | sgd(.1) }", "", "centralize | accumulate(2) { sgd(.1) }"),
        Case("accumulate(2) { centralize } | «centralize» | sgd(.1)", "", "accumulate(2) { centralize } | sgd(.1)"),
        Case("centralize as first | «centralize» | sgd(.1)", "", "centralize as first | sgd(.1)"),
        Case("centralize | «centralize» where ndim > 2 | sgd(.1)"),
        # The edit would take away more than the one that does nothing.
        Case("one = «centralize»; one | trace(.9) | one | sgd(.1)"),
        Case("def by(k) = «scale(k)»; by(1) | by(2) | sgd(.1)"),
        Case("«scale(:k ?? 1)» | sgd(.1)"),
        Case("sgd(.1) # step\n| «identity»"),
        Case("sgd(.1) | «identity» when 1 < 2"),
        Case("«identity» as nothing | sgd(.1)"),
        Case("(«identity») | sgd(.1)"),
    ],
}

SILENT = {
    "W502": [
        "scale_by_adam | scale_by_schedule(linear_schedule(1, 0, 100)) | scale(-1)",
        "adam(linear_schedule(1, 0, 100))",
        "scale_by_schedule(linear_schedule(1, 0, 100)) | sgd(.1)",
        "adafactor | scale_by_schedule(linear_schedule(1, 0, 100))",
        "sgd(.1) | scale(.5)",
        "sgd(.1) | reduce_on_plateau",
        "match { bias => sgd(.1), else => scale_by_adam | lr(.1) }",
    ],
    "W505": [
        "adamw(1e-3, weight_decay=0) | decay(1e-4)",
        "adam(1e-3) | decay(1e-4)",
        "lamb(1e-3) | decay(1e-4)",
        "match { bias => adamw(1e-3), else => sgd(.1) | decay(.1) }",
        "mechanize { sgd(.1) } | decay(1e-4)",
        "decay(.1) | decay(.1) | sgd(.1)",
    ],
    "W506": [
        "sgd(.1) | decay(.01)",
        "add_decayed_weights(.01) | sgd(.1)",
        "sgd(.1) | add_decayed_weights(-.01)",
        "add_decayed_weights(0) | sgd(.1)",
        "sgd(.1) | add_decayed_weights",
        "add_decayed_weights(-.01) | sgd(.1) | maximize",
        "sgd(.1) | add_decayed_weights(.01) | maximize",
        "accumulate(2) { add_decayed_weights(.01) } | sgd(.1)",
        "add_decayed_weights(-.01) | sgd(.1) when step < 5",
        "add_decayed_weights(-.01) | clip(1.0)",
        "decay(.01) | sgd(.1) | maximize",
    ],
    "W510": [
        "adam(1e-3) | average(.999)",
        "ema(.999) | sgd(.1)",
        "trace(.9) | accumulate(2) { lr(.1) }",
        "match { bias => sgd(.1), else => ema(.9) | sgd(.1) }",
        "maximize | trace(.9) | sgd(.1)",
    ],
    "W511": [
        "trace(.9) | lr(.1)",
        "adam(1e-3)",
        "trace(.9) | sgd(.1)",
        "trace(.9) | rmsprop(1e-3)",
        "trace(.9) | scale_by_rms | lr(.1)",
        "trace(.9) | lr(.1) | average(.99)",
        "trace(.9) | acprop(.1)",
        "trace(.9) | adam(1e-3, b1=0)",
        "match { bias => trace(.9) | lr(.1), else => adam(1e-3) }",
    ],
    "W512": ["accumulate(4) { adam(1e-3) }"],
    "W513": [
        "clip_by_global_norm(1) | match { ndim > 1 => adam(1e-3), else => sgd(.1) }",
        "match { ndim > 1 => clip(1.0) | adam(1e-3), else => sgd(.1) }",
        "match { ndim > 1 => clip_by_block_rms(1.0) | adam(1e-3), else => sgd(.1) }",
        "match { bias => freeze, else => clip_norm(1) | adam(1e-3) }",
        "match { bias => set_to_zero, else => clip_norm(1) | adam(1e-3) }",
        "accumulate(2) { clip_norm(1) | sgd(.1) }",
        "match { ndim > 1 => skip_nonfinite(inf) { sgd(.1) }, else => sgd(.1) }",
    ],
    "W514": ["skip_nonfinite(inf) { adam(1e-3) }", "apply_if_finite(inf) { adam(1e-3) }"],
    "W516": ["optimistic_adam_v2(1e-3)", "adam(1e-3)", "def optimistic(x) = sgd(x); optimistic(.1)"],
    "N601": [
        "adamw(1e-3, weight_decay=1e-4)",
        "adamw(1e-3, weight_decay=0)",
        "adam(1e-3)",
        "lamb(1e-3)",
        "sgd(.1) | decay(.1)",
        "mechanize { sgd(.1) }",
    ],
    "N603": [
        "centralize | lr(.1)",
        "scale(2) | sgd(.1)",
        "centralize | scale_by_adam | centralize | lr(.1)",
        "centralize(axes=0) | centralize(axes=-1) | lr(.1)",
        "centralize(axes=0) | centralize(axes=-1) | centralize(axes=0) | lr(.1)",
        "centralize where ndim > 2 | centralize | lr(.1)",
        "centralize | clip(1.0) | centralize | lr(.1)",
        "centralize | clip_norm(1.0) | centralize | lr(.1)",
        "centralize | flatten { scale_by_adam } | centralize | lr(.1)",
        "match { bias => centralize | sgd(.1), else => centralize | sgd(.2) }",
        "match { bias => identity, else => scale(2) } | sgd(.1)",
        "centralize | match { bias => adam(.1), else => centralize | sgd(.2) }".replace(
            "centralize |", "trace(.1) |", 1
        ),
        "live one = 1; scale(one) | sgd(.1)",
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

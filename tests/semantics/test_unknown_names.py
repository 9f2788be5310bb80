"""Names that mean nothing: what was meant, from what is near and from what people write elsewhere."""

import pytest
from meanings import errors, places, read, the_error

from optdsl.diagnostics.suggest import distance
from optdsl.registry import Sort, lookup, names
from optdsl.registry.elsewhere import REFUSED, STAGES

STAGE = [
    ("«adm»(1e-3)", "adam"),
    ("«Adam»(1e-3)", "adam"),
    ("«AdamW»(1e-3)", "adamw"),
    ("«ADAM»(1e-3)", "adam"),
    ("«adam_w»(1e-3)", "adamw"),
    ("«RMSprop»(1e-3)", "rmsprop"),
    ("«SGD»(0.1)", "sgd"),
    ("«optax.adam»(1e-3)", "adam"),
    ("«optax.contrib.muon»(1e-3)", "muon"),
    ("«contrib.prodigy»(1.0)", "prodigy"),
    ("«ox.clip»(1.0) | sgd(0.1)", "clip"),
    ("«torch.optim.AdamW»(1e-3)", "adamw"),
    ("«torch.optim.SGD»(0.1)", "sgd"),
    ("«torch.nn.utils.clip_grad_norm_»(1.0) | sgd(0.1)", "clip_norm"),
    ("«clip_grad_value_»(1.0) | sgd(0.1)", "clip"),
    ("«keras.optimizers.Nadam»(1e-3)", "nadam"),
    ("«tf.keras.optimizers.Adam»(1e-3)", "adam"),
    ("«clipnorm»(1.0) | sgd(0.1)", "clip_norm"),
    ("«clipp»(1.0) | sgd(0.1)", "clip"),
    ("«centralise» | sgd(0.1)", "centralize"),
    ("«gc» | sgd(0.1)", "centralize"),
    ("«gradient_centralization» | sgd(0.1)", "centralize"),
    ("scale_by_adam | «weight_decay»(0.1) | lr(0.1)", "decay"),
    ("scale_by_adam | «learning_rate»(0.1)", "lr"),
    ("«gradient_accumulation»(4) { sgd(0.1) }", "accumulate"),
    ("sgd(0.1) | «ema_params»(0.9)", "average"),
    ("apply_if_finite(3) { clip(1.0) | «adm»(1e-3) }", "adam"),
    ("clip(1.0) where bias | «addam»(1e-3) when true", "adam"),
    ("match { bias => «sgdd»(0.1), else => sgd(0.1) }", "sgd"),
    ("guard = clip(1.0); «gaurd» | sgd(0.1)", "guard"),
    ("def mine(x) = clip(x); «mien»(1.0) | sgd(0.1)", "mine"),
]

VALUE = [
    ("rate = 1e-3; adam(«rat»)", "E203", "rate"),
    ("rate = 1e-3; adam(2 * «Rate»)", "E203", "rate"),
    ("adam(1e-3 * «setp»)", "E203", "step"),
    ("adam(1e-3, mu_dtype=«bfloat61»)", "E203", "bfloat16"),
    ("adam(1e-3, mu_dtype=«jnp.bfloat16»)", "E203", "bfloat16"),
    ("centralize(axes=«fan_on») | sgd(0.1)", "E203", "fan_in"),
    ("polyak_sgd(variant=«sps»)", "E203", "'sps'"),
    ("adam(«cosine_decay»(1e-3, 100))", "E204", "cosine_decay_schedule"),
    ("adam(«optax.cosine_decay_schedule»(1e-3, 100))", "E204", "cosine_decay_schedule"),
    ("adam(«CosineAnnealingLR»(1e-3, 100))", "E204", "cosine_decay_schedule"),
    ("adam(«cosine_decay_schedul»(1e-3, 100))", "E204", "cosine_decay_schedule"),
    ("adam(«sqr»(2))", "E204", "sqrt"),
    ("adam(«warmupp»(100))", "E204", "warmup"),
    ("adam(0 -> «linaer»(1e-3, 10))", "E204", "linear"),
    ("adam(0 -> «cos»(1e-3, 10))", "E204", "cosine"),
    ("clip(1.0) where «biass» | sgd(0.1)", "E207", "bias"),
    ("clip(1.0) where «Bias» | sgd(0.1)", "E207", "bias"),
    ("clip(1.0) where «nidm» > 1 | sgd(0.1)", "E207", "ndim"),
    ("clip(1.0) where «paht» ~ 'x' | sgd(0.1)", "E207", "path"),
]

PARAMETER = [
    ("adamw(3e-4, «weigth_decay»=0.1)", "weight_decay"),
    ("adamw(3e-4, «wd»=0.1)", "weight_decay"),
    ("adamw(3e-4, «weight_decay_rate»=0.1)", "weight_decay"),
    ("adam(«lr»=1e-3)", "learning_rate"),
    ("adam(1e-3, «betas»=(0.9, 0.99))", "b1"),
    ("adam(1e-3, «beta1»=0.9)", "b1"),
    ("adam(1e-3, «beta_2»=0.9)", "b2"),
    ("adam(1e-3, «epsilon»=1e-8)", "eps"),
    ("adam(1e-3, «amsgrad»=true)", "amsgrad(...)"),
    ("sgd(0.1, «momentun»=0.9)", "momentum"),
    ("sgd(0.1, «maximize»=true)", "| maximize"),
    ("rmsprop(1e-3, «alpha»=0.9)", "decay"),
    ("centralize(«axis»=-1) | sgd(0.1)", "axes"),
    ("lbfgs(0.1, «history_size»=5)", "memory_size"),
    ("sgd(cosine_decay_schedule(0.1, «T_max»=100))", "decay_steps"),
    ("sgd(cosine_decay_schedule(0.1, 10, «alfa»=0.1))", "alpha"),
    ("def f(rate) = sgd(rate); f(«rte»=1e-3)", "rate"),
    ("zero_nans(«x»=1) | sgd(0.1)", "there are no parameters"),
]


@pytest.mark.parametrize(("marked", "meant"), STAGE)
def test_stages(marked: str, meant: str) -> None:
    text, where = read(marked)
    found = the_error(text)
    assert (found.code, found.help, places((found,))) == ("E201", f"write `{meant}`", where)


@pytest.mark.parametrize(("marked", "code", "meant"), VALUE)
def test_values(marked: str, code: str, meant: str) -> None:
    text, where = read(marked)
    found = errors(text)[0]
    assert (found.code, places((found,))) == (code, where)
    assert meant in (found.help or "")


@pytest.mark.parametrize(("marked", "meant"), PARAMETER)
def test_parameters(marked: str, meant: str) -> None:
    text, where = read(marked)
    found = errors(text)[0]
    assert (found.code, places((found,))) == ("E202", where)
    assert meant in (found.help or "")


SHADOWED = "skip_not_finite"


@pytest.mark.parametrize("name", [*sorted(STAGES.keys() - {"skip_not_finite"}), SHADOWED])
def test_what_stands_in_for_a_foreign_name_exists(name: str) -> None:
    meant = lookup(STAGES[name].write[0])
    assert meant is not None
    text = name if meant.sort is Sort.TRANSFORM else f"sgd({name}(1))"
    if name.isidentifier():
        assert f"`{meant.name}`" in (errors(text)[0].help or "")


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_the_language_replaces_is_refused_with_its_own_way(name: str) -> None:
    for written in (name, f"optax.{name}"):
        found = the_error(f"{written}(adam(1e-3))")
        assert found.code == "E208"
        assert REFUSED[name].write[0] in (found.help or "")


def slips(name: str) -> dict[str, str]:
    """Returns slips of the keyboard by what they are; a short name is near too many others."""
    if len(name) < 4:
        return {}
    made = {
        "doubled": name + name[-1],
        "left out": name[:-2] + name[-1],
        "swapped at the end": name[:-2] + name[:-3:-1],
        "swapped at the beginning": name[1] + name[0] + name[2:],
    }
    return {kind: slip for kind, slip in made.items() if lookup(slip) is None and slip not in STAGES}


def not_found_again(kind: str) -> dict[str, str | None]:
    """Returns the slips of that kind, for all stages, behind which another name is seen, or none."""
    made = {slips(name).get(kind): name for name in names(Sort.TRANSFORM)}
    found = {slip: errors(slip)[0].help for slip in made if slip}
    wrong = {slip: help for slip, help in found.items() if help != f"write `{made[slip]}`"}
    return {slip: help for slip, help in wrong.items() if not _ambiguous(slip, made[slip])}


def _ambiguous(slip: str, name: str) -> bool:
    """Returns whether another stage is as near to the slip as the one it was made from."""
    return any(distance(slip, other) <= distance(slip, name) for other in names(Sort.TRANSFORM) if other != name)


def test_a_letter_left_out_finds_the_name_again() -> None:
    assert not_found_again("left out") == {}


@pytest.mark.parametrize("kind", ["doubled", "swapped at the end", "swapped at the beginning"])
def test_other_slips_find_the_name_again(kind: str) -> None:
    assert not_found_again(kind) == {}


def test_an_edit_repairs_the_program() -> None:
    text = "clipp(1.0) | adamw(3e-4, weigth_decay=0.1, mu_dtype=bfloat61)"
    for finding in sorted(errors(text), key=lambda found: -found.span.column):
        assert finding.edit is not None
        start, end = finding.edit.range
        text = text[:start] + finding.edit.text + text[end:]
    assert text == "clip(1.0) | adamw(3e-4, weight_decay=0.1, mu_dtype=bfloat16)"
    assert errors(text) == ()


def test_a_word_that_is_near_nothing_says_where_to_look() -> None:
    assert the_error("qwertyuiop(1)").help == "`optdsl list` shows them all"
    assert "bind it before" in (the_error("sgd(qwertyuiop)").help or "")


def test_the_library_that_is_named_is_the_one_that_was_written() -> None:
    assert "PyTorch" in the_error("torch.optim.AdamW(1e-3)").message
    assert "Keras" in the_error("keras.optimizers.Nadam(1e-3)").message


def test_keras_is_not_called_pytorch() -> None:
    assert "PyTorch" not in the_error("tf.keras.optimizers.Adam(1e-3)").message

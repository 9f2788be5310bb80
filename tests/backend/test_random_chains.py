"""The default mode does what the exact mode does, up to rounding, on random chains of stages."""

import itertools

import pytest
from default_and_exact import ALLOWED, compare, some_run
from drawn_chains import Draw, drawn_chains

import optdsl

pytestmark = [
    pytest.mark.usefixtures("quick_compiler"),
    pytest.mark.filterwarnings('ignore:"seed" is deprecated'),
    pytest.mark.filterwarnings("ignore:`optimistic_adam` is deprecated"),
]

SEED = 11
CHAINS = 200
FRONTS = (
    "",
    "clip_norm(0.5) | ",
    "centralize(axes=-1) | ",
    "clip_norm(0.5) | centralize(axes=fan_in) | ",
    "scale(0.5) | scale(3) | ",
)
"""What is put in front of random chains, in turn, so that passes have something to do."""
UNSTEADY = tuple("muon galore sign lion signum rprop reduce_on_plateau linesearch lbfgs cocob prodigy dowg".split())
"""Parts of names of stages that make much of a last bit: signs, searches, singular vectors, iterations (API.md)."""


def drawn() -> list[Draw]:
    fronts = itertools.cycle(FRONTS)
    steady = (draw for draw in drawn_chains(SEED) if not any(name in draw.text for name in UNSTEADY))
    fronted = (draw._replace(text=f"{next(fronts)}{draw.text}") for draw in steady)
    return list(itertools.islice(filter(_is_allowed, fronted), CHAINS))


def _is_allowed(draw: Draw) -> bool:
    found = optdsl.check(draw.text, holes=draw.holes, fragment=True, allow=ALLOWED)
    return not any(finding.severity == "error" for finding in found)


@pytest.mark.slow
@pytest.mark.parametrize("tenth", range(10))
def test_random_chains_agree_with_the_exact_mode(tenth: int) -> None:
    chains = drawn()
    assert len(chains) == CHAINS
    for draw in chains[tenth::10]:
        compare(draw.text, draw.holes, some_run())

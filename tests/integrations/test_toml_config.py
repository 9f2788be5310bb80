"""The example of programs in TOML: what it prints, and what is said of a wrong program."""

from pathlib import Path

import pytest
from config_examples import PLACES, refused, run


@pytest.mark.slow
def test_the_example(tmp_path: Path) -> None:
    done = run(tmp_path, "toml", "train.toml")
    assert done.status == 0, done.err
    assert "adamw(0 -> linear(3e-4, 5) -> cosine(0, 95), weight_decay=0.1 where kernel)" in done.out


def test_a_wrong_program(tmp_path: Path) -> None:
    refused(run(tmp_path, "toml", "bad.toml"), PLACES["bad.toml"])

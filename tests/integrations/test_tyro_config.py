"""A program as a field that tyro fills from the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from config_examples import BAD, GOOD, refused, run

import optdsl

tyro = pytest.importorskip("tyro", reason="tyro is not installed")

from optdsl.integrations.tyro import SPEC, registry  # noqa: E402 - imports tyro


@dataclass(frozen=True)
class Train:
    optimizer: optdsl.Program = optdsl.Program("adam(1e-3)")  # noqa: RUF009 - it does not change
    several: tuple[optdsl.Program, ...] = ()
    maybe: optdsl.Program | None = None


def parsed(*arguments: str) -> Train:
    return tyro.cli(Train, args=arguments, registry=registry())


def test_good_programs() -> None:
    train = parsed("--optimizer", GOOD, "--several", GOOD, "sgd(0.1)", "--maybe", GOOD)
    assert train.optimizer.text == GOOD
    assert [program.text for program in train.several] == [GOOD, "sgd(0.1)"]
    assert train.maybe == train.optimizer
    assert parsed() == Train()


def test_as_an_annotation() -> None:
    def main(optimizer: Annotated[optdsl.Program, SPEC]) -> str:
        return optimizer.text

    assert tyro.cli(main, args=["--optimizer", GOOD]) == GOOD


def test_a_bad_program_ends_as_a_wrong_argument_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        parsed("--optimizer", BAD)
    assert done.value.code == 2
    message = capsys.readouterr().err
    assert "Error parsing --optimizer" in message
    assert "--> <program>:1:13" in message
    assert "^^^ help: write `adam`" in message


@pytest.mark.slow
def test_the_example(tmp_path: Path) -> None:
    done = run(tmp_path, "tyro", "--optimizer", GOOD)
    assert (done.status, done.out) == (0, "clip(1.0) | adam(1e-3)  # as it is\n"), done.err
    refused(run(tmp_path, "tyro", "--optimizer", BAD), "<program>:1:13")

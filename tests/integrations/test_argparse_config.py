"""A program as the type of an argument of argparse, and as a field of a dataclass."""

import argparse
from pathlib import Path

import pytest
from config_examples import BAD, GOOD, refused, run

import optdsl


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="train")
    found.add_argument("--optimizer", type=optdsl.Program, default="adam(1e-3)")
    return found


def test_a_good_program() -> None:
    assert parser().parse_args(["--optimizer", GOOD]).optimizer.text == GOOD
    assert parser().parse_args([]).optimizer == optdsl.Program("adam(1e-3)")


def test_a_bad_program_ends_as_a_wrong_argument_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        parser().parse_args(["--optimizer", BAD])
    assert done.value.code == 2
    assert capsys.readouterr().err == (
        "usage: train [-h] [--optimizer OPTIMIZER]\n"
        "train: error: argument --optimizer: \n"
        "error[E201]: there is no stage `adm`\n"
        "  --> <program>:1:13\n"
        "   |\n"
        " 1 | clip(1.0) | adm(1e-3)\n"
        "   |             ^^^ help: write `adam`\n\n"
    )


@pytest.mark.slow
def test_the_example(tmp_path: Path) -> None:
    done = run(tmp_path, "argparse", "--optimizer", "clip(1.0) | sgd(0 -> linear(1, 50%))", "--steps", "10")
    assert done.status == 0, done.err
    assert done.out.splitlines()[-1] == "clip(1.0) | sgd(0 -> linear(1, 5))"
    refused(run(tmp_path, "argparse", "--optimizer", BAD), "<program>:1:13")

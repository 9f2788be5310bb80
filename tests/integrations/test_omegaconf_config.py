"""Programs in OmegaConf: the resolver, structured configs, checked access, and what is written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from config_examples import BAD, GOOD, WRONG, refused, run

import optdsl

pytest.importorskip("omegaconf", reason="OmegaConf is not installed")

from omegaconf import OmegaConf
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue, ValidationError

from optdsl.integrations import InvalidProgram, reading
from optdsl.integrations.omegaconf import program, register


@dataclass
class Train:
    optimizer: str = GOOD
    program: Any = "${optdsl:${.optimizer}}"
    steps: int = 10


@pytest.fixture(autouse=True)
def registered() -> None:
    register()


def test_the_resolver_makes_a_program_of_a_string() -> None:
    config = OmegaConf.structured(Train)
    assert config.program == optdsl.Program(GOOD)
    assert config.program.text == GOOD
    train = OmegaConf.to_object(config)
    assert train == Train(GOOD, optdsl.Program(GOOD))
    config.optimizer = "sgd(0.1)"
    assert config.program.text == "sgd(0.1)"


def test_the_resolver_takes_a_quoted_text() -> None:
    config = OmegaConf.create({"p": "${optdsl:'clip(1.0) | adam(:rate ?? 1e-3, b1=0.9)'}"})
    assert config.p.text == "clip(1.0) | adam(:rate ?? 1e-3, b1=0.9)"


def test_a_bad_program_is_an_error_where_it_is_used() -> None:
    config = OmegaConf.merge(OmegaConf.structured(Train), {"optimizer": BAD})
    with pytest.raises(InterpolationResolutionError, match=r"(?s)E201.*<program>:1:13.*\^\^\^.*full_key: program"):
        _ = config.program


def test_checked_access() -> None:
    config = OmegaConf.create({"a": {"spec": GOOD, "bad": BAD, "n": 1, "missing": "???"}})
    assert program(config, "a.spec").text == GOOD
    with pytest.raises(InvalidProgram, match=r"--> a\.bad:1:13"):
        program(config, "a.bad")
    with pytest.raises(TypeError, match="one string, not a int"):
        program(config, "a.n")
    with pytest.raises(ValueError, match=r"nothing at `a\.spek`"):
        program(config, "a.spek")
    with pytest.raises(MissingMandatoryValue):
        program(config, "a.missing")


def test_while_the_file_is_read_errors_point_into_it(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(WRONG["bad.yaml"], encoding="utf-8")
    config = OmegaConf.merge(OmegaConf.structured(Train), OmegaConf.load(file))
    with reading(file):
        with pytest.raises(InterpolationResolutionError, match=r"bad.yaml:4:5"):
            OmegaConf.to_object(config)
        with pytest.raises(InvalidProgram, match=r"bad.yaml:4:5"):
            program(config, "optimizer")


def test_a_backslash_keeps_what_looks_like_an_interpolation() -> None:
    config = OmegaConf.create("optimizer: |-\n  adam(1e-3)  # \\${rate}\n")
    assert program(config, "optimizer").text == "adam(1e-3)  # ${rate}"


def test_what_is_written_is_what_was_read() -> None:
    config = OmegaConf.structured(Train)
    assert OmegaConf.create(OmegaConf.to_yaml(config)).program == config.program
    assert OmegaConf.create(OmegaConf.to_yaml(config, resolve=True)).program == GOOD


def test_a_structured_config_takes_no_types_of_others() -> None:
    @dataclass
    class Direct:
        optimizer: optdsl.Program = optdsl.Program("adam(1e-3)")  # noqa: RUF009 - it does not change

    with pytest.raises(ValidationError, match="Unexpected type annotation: Program"):
        OmegaConf.structured(Direct)


@pytest.mark.slow
def test_the_example(tmp_path: Path) -> None:
    done = run(tmp_path, "omegaconf", "train.yaml", "steps=20")
    assert done.status == 0, done.err
    assert "linear(3e-4, 1)" in done.out
    refused(run(tmp_path, "omegaconf", "bad.yaml"), "bad.yaml:4:5")
    refused(run(tmp_path, "omegaconf", "train.yaml", "optimizer=adm(1)"), "<program>:1:1")

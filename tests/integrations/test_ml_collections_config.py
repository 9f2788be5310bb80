"""A program as a field of a `ConfigDict`, set by a flag."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from config_examples import GOOD, refused, run

import optdsl

ml_collections = pytest.importorskip("ml_collections", reason="ml_collections is not installed")

import yaml  # noqa: E402
from absl import flags  # noqa: E402
from ml_collections import config_flags  # noqa: E402

from optdsl.integrations.json import default  # noqa: E402
from optdsl.integrations.ml_collections import register  # noqa: E402 - imports ml_collections

Parse = Callable[..., "ml_collections.ConfigDict"]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Parse:
    """Returns what a script has that is run with some arguments; which flags there are depends on `sys.argv`."""

    def call(*arguments: str) -> "ml_collections.ConfigDict":
        monkeypatch.setattr(sys, "argv", ["train", *arguments])
        return _parsed()

    return call


def _parsed() -> "ml_collections.ConfigDict":
    register()
    values = flags.FlagValues()
    config = ml_collections.ConfigDict({"optimizer": optdsl.Program("adam(1e-3)"), "inner": {"steps": 1}})
    holder = config_flags.DEFINE_config_dict("config", config, flag_values=values)
    values(sys.argv)
    return holder.value


def test_a_good_program(parsed: Parse) -> None:
    assert parsed().optimizer == optdsl.Program("adam(1e-3)")
    assert parsed(f"--config.optimizer={GOOD}").optimizer.text == GOOD


def test_a_bad_program_is_an_error_of_its_flag(parsed: Parse) -> None:
    with pytest.raises(flags.IllegalFlagValueError) as caught:
        parsed("--config.optimizer=clip(1.0) | adm(1)")
    assert str(caught.value).splitlines() == [
        "flag --config.optimizer=clip(1.0) | adm(1): ",
        "error[E201]: there is no stage `adm`",
        "  --> <program>:1:13",
        "   |",
        " 1 | clip(1.0) | adm(1)",
        "   |             ^^^ help: write `adam`",
    ]


def test_the_field_stays_a_program(parsed: Parse) -> None:
    config = parsed()
    with pytest.raises(TypeError):
        config.optimizer = "sgd(0.1)"
    config.optimizer = optdsl.Program("sgd(0.1)")
    assert config.copy_and_resolve_references().optimizer.text == "sgd(0.1)"
    assert ml_collections.FrozenConfigDict(config).optimizer.text == "sgd(0.1)"
    assert hash(ml_collections.FrozenConfigDict(config))


def test_what_is_written(parsed: Parse) -> None:
    config = parsed(f"--config.optimizer={GOOD}")
    assert yaml.safe_load(str(config)) == {"optimizer": GOOD, "inner": {"steps": 1}}
    assert json.loads(json.dumps(config.to_dict(), default=default))["optimizer"] == GOOD


@pytest.mark.slow
def test_the_example(tmp_path: Path) -> None:
    config = "--config=ml_collections_config.py"
    done = run(tmp_path, "ml_collections", config, "--config.optimizer=sgd(0 -> linear(1, 10%))")
    assert done.out.strip().splitlines() == [
        "sgd(0 -> linear(1, 10))",
        "optimizer: sgd(0 -> linear(1, 10%))",
        "steps: 100",
    ], done.err
    refused(run(tmp_path, "ml_collections", config, "--config.optimizer=clip(1.0) | adm(1)"), "<program>:1:13")

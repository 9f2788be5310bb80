"""A program as the type of an argument of jsonargparse: on the command line, in `--config`, dumped."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from config_examples import BAD, GOOD, PLACES, WRONG, refused, run

import optdsl

jsonargparse = pytest.importorskip("jsonargparse", reason="jsonargparse is not installed")

from optdsl.integrations.jsonargparse import ConfigFile, register  # noqa: E402 - imports jsonargparse


@dataclass
class Train:
    optimizer: optdsl.Program
    steps: int = 3


def parser() -> "jsonargparse.ArgumentParser":
    register()
    found = jsonargparse.ArgumentParser(prog="train", exit_on_error=False)
    found.add_argument("--config", action=ConfigFile)
    found.add_argument("--optimizer", type=optdsl.Program)
    found.add_argument("--maybe", type=optdsl.Program | None)
    found.add_argument("--steps", type=int)
    found.add_argument("--train", type=Train)
    return found


def test_a_good_program_comes_back_unchanged(tmp_path: Path) -> None:
    found = parser()
    config = found.parse_args(["--optimizer", GOOD, "--train.optimizer", GOOD, "--maybe", GOOD])
    assert config.optimizer == config.train.optimizer == config.maybe == optdsl.Program(GOOD)
    assert found.instantiate(config).train == Train(optdsl.Program(GOOD))
    (tmp_path / "again.yaml").write_text(found.dump(config), encoding="utf-8")
    again = found.parse_args(["--config", str(tmp_path / "again.yaml")])
    assert again.optimizer.text == again.train.optimizer.text == again.maybe.text == GOOD


@pytest.mark.parametrize(("flag", "key"), [("--optimizer", "optimizer"), ("--train.optimizer", "train.optimizer")])
def test_a_bad_program_is_an_error_at_its_key(flag: str, key: str) -> None:
    with pytest.raises(jsonargparse.ArgumentError) as caught:
        parser().parse_args([flag, BAD])
    message = str(caught.value)
    assert f'Parser key "{key}"' in message
    assert "--> <program>:1:13" in message
    assert message.count("^^^ help: write `adam`") == 1


@pytest.mark.parametrize("name", ["bad.yaml", "bad.json"])
def test_an_error_in_a_config_names_the_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(WRONG[name].replace(' "x": 1,\n', "\n"), encoding="utf-8")
    with pytest.raises(jsonargparse.ArgumentError, match=PLACES[name]):
        parser().parse_args(["--config", name])


def test_a_config_may_be_a_text() -> None:
    text = '{"optimizer": "sgd(0.1)", "train": {"optimizer": "adam(1)"}}'
    assert parser().parse_args(["--config", text]).optimizer.text == "sgd(0.1)"


@pytest.mark.slow
def test_the_example(tmp_path: Path) -> None:
    done = run(tmp_path, "jsonargparse", "--config", "train.yaml")
    assert done.status == 0, done.err
    assert "linear(3e-4, 5)" in done.out
    refused(run(tmp_path, "jsonargparse", "--config", "bad.yaml"), "bad.yaml:4:5")

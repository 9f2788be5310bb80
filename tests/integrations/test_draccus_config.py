"""A program as a field that draccus fills from files and the command line."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from config_examples import BAD, PLACES, WRONG, refused, run

import optdsl

draccus = pytest.importorskip("draccus", reason="draccus is not installed")

from optdsl.integrations.draccus import InvalidField, parse, register  # noqa: E402 - imports draccus

TEXT = "clip( 1.0 ) | adam(1e-3, b1=0.8)"


@dataclass
class Train:
    optimizer: optdsl.Program
    steps: int = 3
    maybe: optdsl.Program | None = None


def test_a_good_program_comes_back_unchanged(tmp_path: Path) -> None:
    train = parse(Train, args=["--optimizer", TEXT, "--maybe", TEXT])
    assert train == Train(optdsl.Program(TEXT), 3, optdsl.Program(TEXT))
    file = tmp_path / "again.yaml"
    file.write_text(draccus.dump(train), encoding="utf-8")
    again = parse(Train, args=["--config_path", str(file)])
    assert again.optimizer.text == TEXT
    assert again == train == parse(Train, config_path=file, args=[])


def test_draccus_itself_reads_programs_once_they_are_registered() -> None:
    register()
    assert draccus.parse(Train, args=["--optimizer", TEXT]).optimizer.text == TEXT
    with pytest.raises(draccus.utils.DecodingError, match="`optimizer`: \nerror"):
        draccus.parse(Train, args=["--optimizer", BAD])


@pytest.mark.parametrize("name", WRONG)
def test_an_error_in_a_file_names_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(WRONG[name].replace(' "x": 1,\n', "\n"), encoding="utf-8")
    for where in ({"config_path": name, "args": []}, {"args": [f"--config_path={name}"]}):
        with pytest.raises(InvalidField, match=PLACES[name]) as caught:
            parse(Train, **where, exit_on_error=False)  # pyright: ignore
        assert str(caught.value).startswith("`optimizer`: \nerror[E201]")


def test_what_yaml_makes_of_a_text_is_refused() -> None:
    with pytest.raises(InvalidField, match="a program is one string, not a dict"):
        parse(Train, args=["--optimizer", "{adam: 1}"], exit_on_error=False)


@pytest.mark.slow
def test_the_example(tmp_path: Path) -> None:
    done = run(tmp_path, "draccus", "--config_path", "train.toml", "--steps", "10")
    assert done.status == 0, done.err
    assert "steps: 10" in done.out
    refused(run(tmp_path, "draccus", "--config_path", "bad.yaml"), "bad.yaml:4:5")
    refused(run(tmp_path, "draccus", "--optimizer", BAD), "optimizer:1:13")

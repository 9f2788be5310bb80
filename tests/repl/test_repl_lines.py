"""The REPL in a pipe: lines in, plain output, and an exit status."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
SHAPES = '{"dense/kernel": {"shape": [2, 3], "dtype": "float32"}, "dense/bias": {"shape": [3], "dtype": "float32"}}'


class Said(NamedTuple):
    status: int
    text: str


def said(folder: Path, text: str, *arguments: str) -> Said:
    """Returns the exit status and the output of a session that is given `text`; nothing comes on standard error."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-m", "optdsl", "repl", *arguments],
        cwd=folder,
        env=environment,
        input=text,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stderr == ""
    assert "Traceback" not in done.stdout
    assert "E999" not in done.stdout
    assert "\x1b" not in done.stdout
    return Said(done.returncode, done.stdout)


def test_programs_are_explained_and_kept(tmp_path: Path) -> None:
    status, text = said(tmp_path, "clip(1.0)\n| sgd(0.1)\n\nrate = 0.2;\nsgd(rate)\n# nothing\nopt\n:hist\n")
    assert status == 0
    assert "clip: Limits each entry" in text
    assert text.count("kept as `opt`") == 2
    assert text.splitlines()[-3:] == [
        "rate = 0.2; sgd(rate)",
        "  1  clip(1.0) | sgd(0.1)",
        "  2* rate = 0.2; sgd(rate)",
    ]


def test_a_mistake_is_said_and_the_session_goes_on(tmp_path: Path) -> None:
    status, text = said(tmp_path, "sgd(0.1)\nadm(1)\nclip(1.0)\n:trian\n:doc adm\ntrain\n\n| sgd(1)\nexit\nnever\n")
    assert status == 1
    for part in (
        "help: write `adam`",
        "error[E302]",
        "`opt` is still sgd(0.1)",
        "there is no command `:trian`: write `:train`",
        "there is no word `adm`: see `:doc adam`",
        "a command begins with a colon: `:train`",
        "begin a new one with Alt-Enter",
    ):
        assert part in text
    assert "never" not in text


def test_holes_are_filled_and_the_program_that_waits_is_taken_up(tmp_path: Path) -> None:
    status, text = said(tmp_path, "sgd(:rate)\n:hole rate=0.25\n:python\n:hole rate=0.5\n:hole\n")
    assert status == 1
    assert "fill `:rate` with `:hole rate=VALUE`" in text
    assert "optax.sgd(0.25)" in text
    assert "learning_rate=0.5" in text
    assert text.splitlines()[-1] == ":rate = 0.5"


@pytest.mark.slow
def test_schedules_are_drawn_and_the_length_of_a_run_is_said(tmp_path: Path) -> None:
    status, text = said(
        tmp_path, "0 -> linear(1, 2k) -> cosine(0)\nsgd(0 -> linear(1, 10))\n:hole total=3k\n:plot opt\n"
    )
    assert status == 0
    assert "`:total` is taken as 10,000; `:hole total=N` says another" in text
    assert "11,000 steps" in text
    assert text.count("11 steps") == 1
    assert text.count("3,300 steps") == 1
    assert ":total = 3k" in text, "a program that does not depend on it is not shown again"


@pytest.mark.slow
def test_set_compiles_nothing_and_says_what_it_took(tmp_path: Path) -> None:
    lines = (
        "rate = 0.1; clip(1.0) | adam(rate)",
        ":set adam.b1=0.8",
        ":set rate=0.2",
        ":set adam.nesterov=true",
        ":set adam.b3=0.8",
        ":set adam.b1=2",
        ":set adam.b1",
        "opt",
    )
    status, text = said(tmp_path, "\n".join(lines))
    assert status == 1
    answers = text.partition("kept as `opt`\n")[2].splitlines()
    assert answers[0].startswith("adam.b1 = 0.8: ")
    assert answers[0].endswith(" ms for an update with it")
    assert answers[1] == "nothing was compiled"
    assert answers[2].startswith("rate = 0.2: ")
    assert answers[3] == "nothing was compiled"
    assert "compiled: another `adam.nesterov` is another program" in answers[5]
    assert answers[6] == "error[E248]: the program has nothing at `adam.b3`: write `adam.b1`"
    assert "error[E222]" in text
    assert ":set takes PATH=VALUE" in text
    assert answers[-1] == "clip(max_delta=1.0) | adam(learning_rate=0.2, b1=0.8, nesterov=true)"


@pytest.mark.slow
def test_race_compares_programs_side_by_side(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    (tmp_path / "a.opt").write_text("sgd(0.1)\n")
    race = "adam(1e-3 -> cosine(0))\n:race clip(1.0) | sgd(0.2) a.opt opt 'lion(1e-4)' --steps 3\n"
    status, text = said(tmp_path, f"{race}:train freeze where no/** | sgd(1)\n")
    assert status == 1
    table = text.partition("compile s\n")[2].splitlines()
    names = ("clip(1.0) | sgd(0.2)", "sgd(0.1)", "adam(1e-3 -> cosine(0))", "lion(1e-4)")
    assert [name for line, name in zip(table, names, strict=False) if line.startswith(name)] == list(names)
    assert "error[E402]" in text


@pytest.mark.slow
def test_a_model_is_loaded_and_programs_are_held_against_it(tmp_path: Path) -> None:
    (tmp_path / "SHAPES.json").write_text(SHAPES)
    programs = "freeze where dense/bia | sgd(1)\nfreeze where dense/bias | sgd(1)\n"
    status, text = said(tmp_path, f":params SHAPES.json\n{programs}:params none\n:params x\n")
    assert status == 1
    assert "SHAPES.json: 2 leaves" in text
    assert "nearest: `dense/bias`" in text
    assert "2 leaves, 1 of them frozen" in text
    assert text.splitlines()[-2:] == ["no model is loaded", "`x` does not exist"]


def test_files_are_loaded_and_saved(tmp_path: Path) -> None:
    (tmp_path / "train.opt").write_text("sgd( 0.1 )  # slow\n")
    (tmp_path / "config.yaml").write_text("a: 1\noptimizer: adam(1e-3)\n")
    lines = (
        ":save",
        ":load config.yaml:optimizer",
        ":fmt sgd( 0.3 )",
        ":save new.opt",
        ":save train.opt",
        ":save! train.opt",
        "lion(1e-4)",
        ":save! config.yaml:optimizer",
        ":load none.opt",
        ":load",
    )
    status, text = said(tmp_path, "\n".join(lines), "train.opt")
    assert status == 1
    assert "learning_rate=0.1" in text
    assert "sgd(0.3)" in text
    assert "`train.opt` is there already: `:save! train.opt` replaces what it has" in text
    assert (tmp_path / "train.opt").read_text() == "adam(1e-3)\n"
    assert (tmp_path / "new.opt").read_text() == "adam(1e-3)\n"
    assert (tmp_path / "config.yaml").read_text() == "a: 1\noptimizer: lion(1e-4)\n"
    assert "there is no file `none.opt`" in text


def test_save_without_a_name_goes_where_the_program_came_from(tmp_path: Path) -> None:
    (tmp_path / "train.opt").write_text("sgd( 0.1 )  # slow\n")
    status, text = said(tmp_path, ":save\n", "train.opt")
    assert (status, text.splitlines()[-1]) == (0, "saved: train.opt")
    assert (tmp_path / "train.opt").read_text() == "sgd( 0.1 )  # slow\n"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_end_of_the_input_ends_the_last_program(tmp_path: Path, end: str) -> None:
    assert "kept as `opt`" in said(tmp_path, f"sgd(0.1){end}").text
    assert "never closed" in said(tmp_path, f"sgd(0.1{end}").text
    assert said(tmp_path, end).text == ""


def test_nothing_loads_jax_until_it_is_needed(tmp_path: Path) -> None:
    code = (
        "import sys; from argparse import Namespace; from optdsl.repl import main\n"
        "status = main(Namespace(file=None, params=None, holes=['rate=0.1']))\n"
        "print(status, *sorted({'jax', 'optax', 'numpy', 'prompt_toolkit'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        input="clip(1.0) | sgd(:rate)\nadm\n:fmt\n:python\n:doc adam\n:list clip\n:explain\n:help\n",
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "1"

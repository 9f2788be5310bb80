"""The training command's engine, driven by plain Optax instead of compiled programs."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import pytest
from rich.console import Console

from optdsl.backend import digits
from optdsl.cli import train as command
from optdsl.cli.train import run_train


@dataclasses.dataclass(frozen=True)
class PlainOptax:
    """The three members that training asks of an optimizer, over a plain Optax transform."""

    tx: optax.GradientTransformation
    needs: frozenset[str] = frozenset()

    def init(self, params: Any) -> Any:
        return self.tx.init(params)

    def train_step(self, loss_fn: Callable[..., jax.Array]) -> Callable[..., tuple[Any, Any, jax.Array]]:
        def step(params: Any, state: Any, *batch: Any) -> tuple[Any, Any, jax.Array]:
            loss, grads = jax.value_and_grad(loss_fn)(params, *batch)
            updates, state = self.tx.update(grads, state, params)
            return optax.apply_updates(params, updates), state, loss

        return jax.jit(step, donate_argnums=(0, 1))


@dataclasses.dataclass(frozen=True)
class Interrupted(PlainOptax):
    """Plain Optax under which the user presses Ctrl-C at step 8."""

    def train_step(self, loss_fn: Callable[..., jax.Array]) -> Callable[..., tuple[Any, Any, jax.Array]]:
        advance = super().train_step(loss_fn)
        calls = iter(range(1, 1000))

        def step(*arguments: Any) -> tuple[Any, Any, jax.Array]:
            if next(calls) == 8:
                raise KeyboardInterrupt
            return advance(*arguments)

        return step


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def adam() -> PlainOptax:
    return PlainOptax(optax.adam(1e-3))


def sgd() -> PlainOptax:
    return PlainOptax(optax.sgd(0.1))


def diverging() -> PlainOptax:
    return PlainOptax(optax.sgd(1e6))


def interrupted() -> PlainOptax:
    return Interrupted(optax.adam(1e-3))


@pytest.fixture(scope="module")
def data() -> digits.Digits:
    return digits.load()


def text_of(programs: list[tuple[str, Callable[[], PlainOptax]]], **options: Any) -> tuple[int, str]:
    stream = io.StringIO()
    code = run_train(programs, console=Console(file=stream, width=80), **options)
    return code, stream.getvalue()


def document_of(programs: list[tuple[str, Callable[[], PlainOptax]]], **options: Any) -> tuple[int, Any]:
    code, text = text_of(programs, json=True, **options)
    return code, json.loads(text, parse_constant=pytest.fail)


def test_split_is_fixed_and_whole(data: digits.Digits) -> None:
    again = digits.load()
    for first, second in zip(data, again, strict=True):
        np.testing.assert_array_equal(first, second)
    assert data.train_images.shape == (command.TRAINING_IMAGES, 64)
    assert data.test_images.shape == (digits.HELD_OUT, 64)
    assert (data.train_images.min(), data.train_images.max()) == (0, 1)
    assert set(data.test_labels) == set(range(10))
    together = np.concatenate([data.train_images, data.test_images])
    assert len(np.unique(together, axis=0)) == 1797  # no image is in both parts


def test_params_are_flax_like() -> None:
    shapes = jax.tree.map(lambda leaf: (leaf.shape, str(leaf.dtype)), digits.initial_params(0))
    assert shapes["dense_0"] == {"kernel": ((64, 128), "float32"), "bias": ((128,), "float32")}
    assert list(shapes) == ["dense_0", "dense_1", "dense_2"]


def test_same_seed_same_training(data: digits.Digits) -> None:
    def losses(seed: int) -> list[float]:
        return [record.loss for record in digits.train(adam(), data, steps=20, seed=seed, batch=32)]

    assert losses(3) == losses(3)
    assert losses(3) != losses(4)


def test_epochs_are_reshuffled_and_cover_the_data(data: digits.Digits) -> None:
    stream = digits.batches(data, seed=0, batch=479)  # 1437 = 3 * 479
    epochs = [np.concatenate([next(stream)[0] for _ in range(3)]) for _ in range(2)]
    assert not np.array_equal(*epochs)
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch, axis=0), np.sort(data.train_images, axis=0))


def test_last_step_is_evaluated_with_the_parameters_after_it(data: digits.Digits) -> None:
    records = list(digits.train(PlainOptax(optax.sgd(0.0)), data, steps=3, seed=5, batch=16))
    expected = digits.evaluate(digits.initial_params(5), data)
    assert [record.step for record in records] == [1, 2, 3]
    assert records[-1].evaluation == expected
    assert expected.accuracy * digits.HELD_OUT == pytest.approx(round(expected.accuracy * digits.HELD_OUT))


def test_evaluation_uses_the_optimizers_choice_of_parameters(data: digits.Digits) -> None:
    class Averaging(PlainOptax):
        def eval_params(self, params: Any, state: Any) -> Any:
            del state
            return jax.tree.map(np.zeros_like, params)

    (record,) = digits.train(Averaging(optax.adam(1e-3)), data, steps=1, seed=0, batch=16)
    assert record.evaluation is not None
    assert record.evaluation.train_loss == pytest.approx(math.log(10), rel=1e-6)


def test_adam_reaches_95_percent_with_the_defaults() -> None:
    code, text = text_of([("adam(1e-3)", adam)])
    assert code == 0
    label, loss, accuracy, milliseconds, _ = text.splitlines()[-1].split()
    assert label == "adam(1e-3)"
    assert float(accuracy) > 0.95
    assert float(loss) < 0.05
    assert float(milliseconds) > 0


def test_pipe_gets_plain_lines() -> None:
    program = "clip(1.0) | [$lr] :smile: " + "| clip(1.0) " * 8 + "| adam(1e-3)"
    _, text = text_of([(program, adam)], steps=50)
    assert not any(ord(character) < 32 and character != "\n" for character in text)
    lines = text.splitlines()
    assert lines[1] == f"[1/1] {program}"
    assert lines[-1].startswith(program + "  ")  # one line however long the program is
    assert [line.split()[0] for line in lines if "steps/s" in line] == [f"{step}/50" for step in range(5, 51, 5)]
    assert all(line == line.rstrip() for line in lines)


def test_terminal_gets_a_live_display_and_a_table_that_fits() -> None:
    stream = Terminal()
    program = "clip(1.0) | centralize(axes=-1) | adam(1e-3)"
    console = Console(file=stream, force_terminal=True, width=80, height=24, _environ={"TERM": "xterm"})
    assert run_train([(program, adam), ("sgd(0.1)", sgd)], steps=30, console=console) == 0
    text = stream.getvalue()
    assert "\x1b[?25l" in text  # the cursor was hidden
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # and came back
    assert "not started" in text
    assert "30/30" in text
    last = text.splitlines()[-2]
    assert program in last


def test_divergence_is_reported_where_it_happens(data: digits.Digits) -> None:
    records = list(digits.train(diverging(), data, steps=50, seed=0, batch=128))
    assert len(records) < 50
    assert records[-1].diverged
    assert not any(record.diverged for record in records[:-1])
    code, text = text_of([("sgd(1e6)", diverging), ("sgd(0.1)", sgd)], steps=50)
    assert code == 1
    assert f"sgd(1e6)  (diverged at step {len(records)})" in text
    assert text.count("diverged") == 2  # when it happens, and in the table
    assert "50/50" in text  # the next program trains all the same


def test_json_of_a_divergence_has_no_nan() -> None:
    code, document = document_of([("sgd(1e6)", diverging)], steps=50)
    (result,) = document["results"]
    assert code == 1
    assert (result["status"], result["final_loss"], result["test_accuracy"]) == ("diverged", None, None)
    assert result["diverged_at"] == result["steps"] < 50


def test_interrupt_keeps_the_results_so_far() -> None:
    code, text = text_of([("sgd(0.1)", sgd), ("adam(1e-3)", interrupted), ("later", adam)], steps=30)
    assert code == 130
    assert "Traceback" not in text
    rows = text.splitlines()[-3:]
    assert rows[0].startswith("sgd(0.1) ")
    assert "(" not in rows[0].removeprefix("sgd(0.1)")
    assert rows[1].startswith("adam(1e-3)  (stopped after step 7) ")
    assert float(rows[1].split()[-3]) >= 0  # the accuracy measured before the interrupt
    assert rows[2].split() == ["later", "(not", "started)", "-", "-", "-", "-"]


@pytest.mark.parametrize("width", [40, 50, 60, 80])
def test_what_the_terminal_writes_for_ctrl_c_finds_room_behind_the_live_display(width: int) -> None:
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, width=width, height=24, _environ={"TERM": "xterm"})
    long = "clip(1.0) | centralize(axes=-1) | adam(1e-3) | scale(0.5) | scale(2.0) | average(0.99)"
    run_train([("adam(1e-3)", interrupted), (long, adam)], steps=30, console=console)
    live = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue().rpartition("\x1b[?25h")[0])
    lines = [line for line in re.split(r"[\r\n]+", live)[1:] if line.strip()]  # the first is the heading
    assert any("7/30" in line for line in lines)
    assert max(map(len, lines)) <= width - len("^C^C")


def test_interrupt_shows_the_cursor_again() -> None:
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, width=80, height=24, _environ={"TERM": "xterm"})
    assert run_train([("adam(1e-3)", interrupted)], steps=30, console=console) == 130
    text = stream.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "stopped after step 7" in text.splitlines()[-1]


def test_json_is_one_object_of_a_known_shape() -> None:
    code, document = document_of([("a |\n b", adam), ("sgd(0.1)", sgd)], steps=10, seed=2, batch=32)
    assert code == 0
    assert {key: document[key] for key in ("data", "steps", "seed", "batch", "interrupted")} == {
        "data": "digits", "steps": 10, "seed": 2, "batch": 32, "interrupted": False,
    }  # fmt: skip
    first, second = document["results"]
    assert (first["program"], second["program"]) == ("a |\n b", "sgd(0.1)")
    assert set(first) == set(second) == {
        "program", "status", "steps", "final_loss", "test_accuracy", "median_ms_per_step", "compile_s",
        "diverged_at", "error", "curve",
    }  # fmt: skip
    assert first["status"] == "finished"
    assert first["curve"][-1] == {
        "step": 10, "loss": first["final_loss"], "accuracy": first["test_accuracy"],
    }  # fmt: skip
    assert first["curve"][0]["loss"] == pytest.approx(second["curve"][0]["loss"], rel=0.3)


def test_json_of_an_interrupt() -> None:
    code, document = document_of([("adam(1e-3)", interrupted)], steps=10)
    assert code == 130
    assert document["interrupted"] is True
    assert document["results"][0]["status"] == "interrupted"


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_picture_is_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"curves.{suffix}"
    programs = [("adam($lr, b1=$b_{1)", adam), ("sgd(1e6)", diverging)]
    code, text = text_of(programs, steps=20, picture=path)
    assert code == 1
    assert text.endswith(f"curves: {path}\n")
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(start)
    assert path.stat().st_size > 5000


def test_picture_holds_one_curve_per_program(tmp_path: Path) -> None:
    path = tmp_path / "curves.svg"
    text_of([("adam(1e-3)", adam), ("sgd(0.1)", sgd)], steps=20, picture=path)
    text = path.read_text().upper()
    assert "#0072B2" in text
    assert "#D55E00" in text


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"picture": Path("curves.txt")}, 2, "must end in .png"),
        ({"picture": Path("no-such-folder/curves.png")}, 2, "no folder"),
        ({"steps": 0}, 2, "--steps"),
        ({"seed": -1}, 2, "--seed"),
        ({"batch": 1438}, 2, "between 1 and the 1437"),
        ({"batch": 0}, 2, "--batch"),
    ],
)
def test_impossible_settings(
    options: dict[str, Any], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert text_of([("adam(1e-3)", adam)], **options) == (code, "")
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "options"), [("sklearn.datasets", {}), ("matplotlib", {"picture": Path("curves.png")})]
)
def test_missing_package_names_the_command_that_helps(
    module: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    code, text = text_of([("adam(1e-3)", adam)], **options)
    assert code == 1
    assert "loss" not in text
    assert "pip install 'optdsl[demo]'" in capsys.readouterr().err


def test_failing_program_does_not_stop_the_others() -> None:
    def broken() -> PlainOptax:
        raise TypeError("first line\nsecond line")

    needy = PlainOptax(optax.adam(1e-3), needs=frozenset({"value", "obj_fn"}))
    code, text = text_of([("broken", broken), ("needy", lambda: needy), ("sgd(0.1)", sgd)], steps=10)
    assert code == 1
    assert "  failed: TypeError: first line\n" in text
    assert "  TypeError: first line\nsecond line\n" in text  # in full below the table
    assert "needs obj_fn at each update" in text
    assert "10/10" in text


def test_import_leaves_jax_out() -> None:
    heavy = {"jax", "optax", "matplotlib", "sklearn"}
    code = f"import sys, optdsl.cli.train; print(sorted({heavy} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")

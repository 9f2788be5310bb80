"""The REPL on a real terminal: what a person sees while typing, and what keys do."""

import os
import re
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pexpect", exc_type=ImportError)

from talk import IDLE, Talk

KEPT = r"kept as `opt`.*" + IDLE


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    conversation = Talk(tmp_path)
    conversation.until(IDLE)
    yield conversation
    conversation.process.close(force=True)


def test_typing_completes_explains_and_checks(talk: Talk) -> None:
    shown = talk.keys("clip(1.0) | adamw(1e-3, we", r"never closed")
    assert re.search(r"weight_decay=\s+1e-4", shown), "the menu shows the parameter and its default"
    assert "adamw(learning_rate, b1=0.9, b2=0.999" in shown
    assert "error[E102]: `(` is never closed" in shown
    talk.keys("\t", r"weight_decay=")
    shown = talk.keys("0.1)\r", KEPT)
    assert "learning_rate=1e-3, weight_decay=0.1" in shown
    assert talk.leave() == 0


def test_a_finding_is_shown_before_enter(talk: Talk) -> None:
    assert "E202" not in talk.keys("adam(1e-3, ", "never closed")
    assert "`adam` has no parameter `b3`" in talk.keys("b3=1)", r"error\[E202\]")
    assert "write `b1`" in talk.keys("\r", IDLE)
    talk.keys("adam(1e-3)", r"\bok\b")


def test_enter_goes_on_inside_brackets_and_behind_an_operator(talk: Talk) -> None:
    talk.keys("match {\r", r"\.\.\.>")
    talk.keys("kernel => adam(1e-3),\r", r"\.\.\.>")
    talk.keys("else => freeze\r", r"\.\.\.>")
    assert "match.0.adam" in talk.keys("}\r", KEPT)
    talk.keys("clip(1.0) |\r", r"\.\.\.>")
    talk.keys("sgd(0.1)\r", KEPT)
    talk.keys("clip(1.0)\x1b\r", r"\.\.\.>")  # Alt-Enter, where Enter would have ended it
    talk.keys("| sgd(0.2)\r", KEPT)
    talk.keys("adam(\r", r"\.\.\.>")
    assert "never closed" in talk.keys("\r", r"\n.*\^.*" + IDLE), "an empty line ends what is not finished"


def test_a_program_of_several_lines_is_pasted_whole(talk: Talk) -> None:
    talk.keys("\x1b[200~rate = 0.1;\nclip(1.0)\n| sgd(rate)  # 学習率\n\x1b[201~", r"学習率")
    shown = talk.keys("\r", KEPT)
    assert "max_delta=1.0" in shown
    assert "learning_rate=0.1" in shown


def test_unicode_is_refused_as_a_program_and_shown_as_it_is(talk: Talk) -> None:
    shown = talk.keys("adam(é, '日本語')\r", r"E101.*" + IDLE)
    assert "`é` has no meaning here" in shown
    assert "adam(é, '日本語')" in shown


def test_ctrl_c_clears_the_input(talk: Talk) -> None:
    talk.keys("adam(", "never closed")
    talk.keys("\x03", IDLE)
    assert "6e-4" in talk.keys("3e-4 * 2\r", r"6e-4.*" + IDLE)
    assert talk.leave() == 0


def test_f1_shows_the_page_of_the_word_at_the_cursor(talk: Talk) -> None:
    shown = talk.keys("sgd(0.1, \x1bOP", r"optax\.sgd")
    assert "Gradient descent, with heavy-ball" in shown


@pytest.mark.slow
def test_ctrl_c_stops_a_run_and_keeps_the_session(talk: Talk) -> None:
    pytest.importorskip("sklearn")
    talk.keys("sgd(0.1)\r", KEPT)
    talk.keys(":train --steps 1000000\r", r"loss \S+ +held-out", 60)
    shown = talk.keys("\x03", r"stopped after step \d+.*" + IDLE)
    assert "final" in shown
    assert "Traceback" not in shown
    assert "sgd(0.1)" in talk.keys("opt\r", r"\n *sgd\(0\.1\).*" + IDLE)
    assert talk.leave() == 0


@pytest.mark.slow
def test_ctrl_c_while_jax_is_loaded_waits_for_it(talk: Talk) -> None:
    talk.keys("sgd(0 -> linear(1, 10))\r", "loading jax")
    os.kill(talk.process.pid, signal.SIGINT)
    talk.until(r"interrupted.*" + IDLE)
    talk.keys("sgd(0 -> linear(1, 10))\r", r"11 steps", 60)


@pytest.mark.slow
def test_paths_of_a_loaded_model_are_proposed(tmp_path: Path) -> None:
    shapes = (
        '{"encoder/kernel": {"shape": [2, 3], "dtype": "float32"}, "head/bias": {"shape": [3], "dtype": "float32"}}'
    )
    (tmp_path / "SHAPES.json").write_text(shapes)
    talk = Talk(tmp_path, "--params", "SHAPES.json")
    assert "2 leaves" in talk.until(IDLE, 60)
    assert "encoder/kernel" in talk.keys("freeze where enc", r"encoder/kernel")
    shown = talk.keys("oder/** | adam(1e-3)\r", KEPT)
    assert re.search(r"\(3,\)\s+float32\s+-\s+0\.001", shown), "the table of leaves"
    assert "E402" in talk.keys("freeze where deocder/** | adam(1e-3)", r"E402")
    talk.process.close(force=True)


def test_history_lasts_over_sessions_and_is_the_owners_alone(tmp_path: Path) -> None:
    first = Talk(tmp_path)
    first.until(IDLE)
    first.keys("clip(1.0) |\r", r"\.\.\.>")
    first.keys("sgd(0.125)\r", KEPT)
    assert first.leave() == 0
    file = tmp_path / "history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "sgd(0.125)" in file.read_text()
    second = Talk(tmp_path)
    second.until(IDLE)
    assert "clip(1.0) |" in second.keys("\x1b[A", r"sgd\(0\.125\)")
    assert "learning_rate=0.125" in second.keys("\r", KEPT)
    assert second.leave() == 0


def test_a_narrow_terminal_without_colours(tmp_path: Path) -> None:
    talk = Talk(tmp_path, columns=30, NO_COLOR="1")
    talk.until(r":help")
    shown = talk.keys("adamw(1e-3, weight_decay=", r"weight_decay: number")
    assert "…" in shown, "the signature is cropped"
    talk.keys("0.1)\r", r"kept as `opt`")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", talk.raw), "no colour"
    talk.process.close(force=True)


def test_a_dumb_terminal_reads_lines(tmp_path: Path) -> None:
    talk = Talk(tmp_path, term="dumb")
    talk.until(r"optdsl> $")
    talk.keys("clip(1.0) |\n", r"\.\.\.> $")
    shown = talk.keys("sgd(0.1)\n", r"kept as `opt`\noptdsl> $")
    assert "max_delta=1.0" in shown
    assert "\x1b" not in talk.raw
    talk.keys("adm(\x03", r"\noptdsl> $")
    talk.keys(":trian\n", r"write `:train`\noptdsl> $")
    assert talk.leave() == 0

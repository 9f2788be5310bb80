"""The parts of the REPL that need no terminal, on any text at all."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from optdsl.diagnostics.render import cells
from optdsl.repl import history
from optdsl.repl.colours import Colours
from optdsl.repl.commands import COMMANDS
from optdsl.repl.completing import Proposals
from optdsl.repl.live import findings_of
from optdsl.repl.session import Refused, Session
from optdsl.repl.targets import side_by_side, words
from optdsl.repl.told import in_repl, options_of
from optdsl.repl.toolbar import toolbar
from optdsl.repl.unfinished import is_nothing, is_unfinished

PIECES = "adam ( 1e-3 ) | clip 1.0 :total -> linear where kernel { } match => ' \" é 日 # = ; live , [ ] :train".split()
TEXTS = st.lists(st.sampled_from([*PIECES, " ", "\n"]), max_size=8).map("".join)


@given(TEXTS, st.integers(0, 40))
def test_every_text_keeps_its_characters_and_has_a_toolbar(text: str, cursor: int) -> None:
    line_of = Colours().lex_document(Document(text))
    lines = ["".join(piece[1] for piece in line_of(number)) for number in range(text.count("\n") + 1)]
    assert "\n".join(lines) == text
    cursor = min(cursor, len(text))
    findings = () if text.lstrip().startswith(":") else findings_of(Session(), text)
    for width in (10, 80):
        shown = "".join(piece[1] for piece in toolbar(text, cursor, findings, width))
        assert shown.count("\n") == 2
        assert width == 10 or max(map(cells, shown.split("\n"))) <= width
    list(Proposals(Session()).get_completions(Document(text, cursor), CompleteEvent()))


@pytest.mark.parametrize(
    ("text", "goes_on"),
    [
        ("match {\n  kernel => adam(1e-3),", True),
        ("adam(1e-3) where", True),
        ("0 ->", True),
        ("rate = 1e-3", False),
        ("adam(1e-3, $", False),
        ("'abc", False),
        (":train adam(", False),
        ("", False),
    ],
)
def test_where_a_program_goes_on(text: str, goes_on: bool) -> None:
    assert is_unfinished(text) is goes_on


def test_comments_alone_are_nothing() -> None:
    assert is_nothing("# a\n\n  # b")
    assert not is_nothing("# a\nadam")


@pytest.mark.parametrize(
    ("text", "programs"),
    [
        ("opt 3", ("opt", "3")),
        ("clip(1.0) where ndim > 1 | sgd(0.1) a.opt", ("clip(1.0) where ndim > 1 | sgd(0.1)", "a.opt")),
        ("runs/a.opt ./b.opt", ("runs/a.opt", "./b.opt")),
        ("rate = 1; adam(rate) match { else => sgd(1) }", ("rate = 1; adam(rate)", "match { else => sgd(1) }")),
        ('"adam(1) | average(0.9)" opt', ('"adam(1) | average(0.9)"', "opt")),
        ("sgd(1 -> cosine(0, 5)) sgd(2)", ("sgd(1 -> cosine(0, 5))", "sgd(2)")),
        ("freeze where embed/** | sgd(1) sgd(2)", ("freeze where embed/** | sgd(1)", "sgd(2)")),
        ("", ()),
    ],
)
def test_programs_stand_side_by_side(text: str, programs: tuple[str, ...]) -> None:
    assert side_by_side(text) == programs


def test_options_stand_behind_the_programs() -> None:
    assert words("sgd(1 - 2) -o a.png --steps 3") == ("sgd(1 - 2)", "-o a.png --steps 3")
    with pytest.raises(Refused, match="there is no option `--stesp`: write `--steps`"):
        options_of("train", "opt --stesp 3")
    with pytest.raises(Refused, match="takes a whole number"):
        options_of("train", "opt --steps x")


def test_what_the_command_line_says_names_commands_as_they_are_typed() -> None:
    assert in_repl("optdsl train: argument --steps: must be at least 1 (optdsl train --help shows how)") == (
        "argument --steps: must be at least 1 (`:help train` shows how)"
    )
    assert in_repl("`optdsl list` shows them all") == "`:list` shows them all"


def proposed(session: Session, text: str) -> list[str]:
    found = Proposals(session).get_completions(Document(text, len(text)), CompleteEvent())
    return [completion.text for completion in found]


def test_commands_and_what_they_take_are_proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from optdsl.api import parse

    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.opt").touch()
    session = Session()
    assert proposed(session, ":pl") == [":plot"]
    assert proposed(session, ":") == [f":{name}" for name in COMMANDS]
    assert proposed(session, ":set adam") == []
    session.keep(parse("rate = 1; clip(1.0) | adam(rate * :scale ?? 1)"))
    assert proposed(session, ":set adam.b") == ["adam.b1=", "adam.b2="]
    assert "rate=" in proposed(session, ":set ")
    assert proposed(session, ":hole s") == ["scale="]
    assert "adamw" in proposed(session, ":doc ada")
    assert proposed(session, ":load tr") == ["ain.opt"]
    assert proposed(session, ":codes e10")[0] == "E101"
    assert proposed(session, ":help tr") == ["train"]
    assert "weight_decay=" in proposed(session, ":train adamw(1e-3, weight")


def test_the_history_is_bounded_and_survives_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTDSL_HISTORY", str(tmp_path / "deep" / "history"))
    monkeypatch.setattr(history, "MOST_ENTRIES", 3)
    kept = history.history()
    for number in range(5):
        kept.append_string(f"sgd({number}) |\nsgd(1)")
    again = history.history()
    assert isinstance(again, history.Kept)
    assert list(again.load_history_strings()) == [f"sgd({number}) |\nsgd(1)" for number in (4, 3, 2)]
    assert again.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in again.path.parent.iterdir()] == ["history"]
    monkeypatch.setenv("OPTDSL_HISTORY", str(tmp_path / "deep" / "history" / "below"))
    broken = history.history()
    broken.append_string("sgd(1)")
    assert isinstance(broken, history.Kept)
    assert "cannot be used" in (broken.problem or "")


def test_where_the_history_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPTDSL_HISTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert history.history_path() == tmp_path / "optdsl" / "history"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert history.history_path() == Path.home() / ".local" / "state" / "optdsl" / "history"
    monkeypatch.setenv("OPTDSL_HISTORY", "")
    assert history.history_path() is None
    monkeypatch.setenv("OPTDSL_HISTORY", os.devnull)
    assert history.history().load_history_strings() == []

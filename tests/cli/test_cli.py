"""The command line: every command, what it writes where, and its exit status."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import optdsl
from optdsl.cli import main
from optdsl.cli.example import example
from optdsl.cli.listing import GROUPS, group
from optdsl.cli.programs import hole_values
from optdsl.registry import lookup, names, schedules, transforms
from optdsl.semantics.facts import label

ROWS = (*transforms(), *schedules())
GOOD = "clip_norm(1.0) | centralize(axes=-1) | sgd(0.1)"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("FORCE_COLOR", "OPTDSL_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys: Capture) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        written = capsys.readouterr()
        return status, written.out, written.err

    return call


Run = Callable[..., tuple[int, str, str]]


def process(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "optdsl", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(optdsl.__file__).parents[1]), **environment},
    )


# ---- check


def test_check_says_ok(run: Run) -> None:
    assert run("check", "-e", GOOD) == (0, "<program>: ok\n", "")


def test_check_renders_findings(run: Run) -> None:
    status, out, _ = run("check", "-e", "clip(1.0) | adamw(3e-4, weigth_decay=0.1)")
    assert status == 1
    assert (
        out
        == """\
error[E202]: `adamw` has no parameter `weigth_decay`
  --> <program>:1:25
   |
 1 | clip(1.0) | adamw(3e-4, weigth_decay=0.1)
   |                         ^^^^^^^^^^^^ help: write `weight_decay`

1 error
"""
    )


def test_check_takes_files_texts_and_standard_input(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good.opt").write_text(GOOD)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"adm(1)")))
    status, out, _ = run("check", "good.opt", "-", "-e", "sgd(0.1)", "sdg(0.1)", "--format", "line")
    assert status == 1
    assert out.splitlines() == [
        "<stdin>:1:1: error[E201]: there is no stage `adm`",
        "<program 2>:1:1: error[E201]: there is no stage `sdg`",
    ]


def test_check_writes_json_in_a_stable_shape(run: Run) -> None:
    status, out, err = run("check", "-e", "adm(1e-3)", "--json")
    assert (status, err) == (1, "")
    span = {"file": "<program>", "line": 1, "column": 1, "end_line": 1, "end_column": 4}
    assert json.loads(out) == [
        {
            "code": "E201",
            "severity": "error",
            "message": "there is no stage `adm`",
            "span": span,
            "labels": [],
            "help": "write `adam`",
            "edit": {"start": 0, "end": 3, "text": "adam"},
        }
    ]
    assert json.loads(run("check", "-e", GOOD, "--json")[1]) == []


def test_check_fills_holes(run: Run) -> None:
    program = "adam(:rate, nesterov=:fast, mu_dtype=:dtype)"
    filled = ("--hole", "rate=3e-4", "--hole", "fast=true", "--hole", "dtype=bfloat16")
    assert run("check", "-e", program, *filled)[0] == 0
    status, out, _ = run("check", "-e", "adam(:rate)")
    assert status == 1
    assert "--hole" in out


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("3e-4", 3e-4),
        (".5", 0.5),
        ("10_000", 10_000),
        ("1k", 1000),
        ("1.5k", 1500),
        ("2M", 2_000_000),
        ("1.0", 1.0),
        ("True", True),
        ("false", False),
        ("none", None),
        ("inf", float("inf")),
        ("fast", "fast"),
        ("'3'", "3"),
        ("", ""),
        ("__import__('os')", "__import__('os')"),
        ("1+1", "1+1"),
        ("k", "k"),
    ],
)
def test_holes_are_literals_and_never_python(text: str, value: object) -> None:
    from argparse import Namespace

    found = hole_values(Namespace(command="check", holes=[f"x={text}"]))["x"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("item", ["rate", "=3", "a b=3", "3=3"])
def test_a_hole_without_name_and_value_is_wrong_usage(run: Run, item: str) -> None:
    status, _, err = run("check", "-e", "adam(:rate)", "--hole", item)
    assert status == 2
    assert "NAME=VALUE" in err


# ---- what cannot be read


@pytest.mark.parametrize("command", ["check", "fmt", "explain", "python"])
def test_what_cannot_be_read_is_said_in_one_line(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes.opt").write_bytes(b"adam(1e-3) # \xff")
    for name, said in (
        ("nothing.opt", "no file"),
        ("folder", "directory"),
        ("bytes.opt", "UTF-8"),
        ("\0", "read"),
    ):
        status, out, err = run(command, name)
        assert (status, out) == (2, "")
        assert err.count("\n") == 1
        assert said in err


def test_a_text_in_the_place_of_a_file_is_told(run: Run) -> None:
    status, _, err = run("check", GOOD)
    assert status == 2
    assert "-e" in err


def test_a_file_in_the_place_of_a_text_is_told(run: Run) -> None:
    status, _, err = run("check", "-e", "train.opt")
    assert status == 2
    assert "before -e" in err


def test_the_other_files_are_checked_all_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.opt").write_text(GOOD)
    status, out, err = run("check", "nothing.opt", "good.opt")
    assert (status, out) == (2, "good.opt: ok\n")
    assert "nothing.opt" in err


# ---- fmt


def test_fmt_rewrites_what_changes_and_only_that(run: Run, tmp_path: Path) -> None:
    ugly, fine = tmp_path / "ugly.opt", tmp_path / "fine.opt"
    ugly.write_text("clip( 1.0 )|adam( 1e-3 ) # end")
    fine.write_text("sgd(0.1)\n")
    ugly.chmod(0o640)
    os.utime(fine, (1, 1))
    assert run("fmt", "ugly.opt", "fine.opt") == (0, "ugly.opt: formatted\nfine.opt: unchanged\n", "")
    assert ugly.read_text() == optdsl.format("clip( 1.0 )|adam( 1e-3 ) # end") + "\n"
    assert ugly.stat().st_mode & 0o777 == 0o640
    assert fine.stat().st_mtime == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fine.opt", "ugly.opt"]
    assert run("fmt", "--check", "ugly.opt")[0] == 0


def test_fmt_check_and_diff_write_nothing(run: Run, tmp_path: Path) -> None:
    ugly = tmp_path / "ugly.opt"
    ugly.write_text("sgd( 0.1 )\n")
    assert run("fmt", "--check", "ugly.opt") == (1, "ugly.opt: would change\n", "")
    status, out, _ = run("fmt", "--diff", "ugly.opt")
    assert status == 0
    assert out.splitlines()[-2:] == ["-sgd( 0.1 )", "+sgd(0.1)"]
    assert ugly.read_text() == "sgd( 0.1 )\n"


def test_fmt_leaves_a_file_alone_that_does_not_parse(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.opt").write_text("adam( 1e-3")
    status, out, err = run("fmt", "bad.opt")
    assert (status, out) == (1, "")
    assert "E102" in err
    assert "left as it is" in err
    assert (tmp_path / "bad.opt").read_text() == "adam( 1e-3"


def test_fmt_keeps_links_and_line_ends(run: Run, tmp_path: Path) -> None:
    (tmp_path / "real.opt").write_bytes(b"sgd( 0.1 )\r\n")
    (tmp_path / "link.opt").symlink_to("real.opt")
    assert run("fmt", "link.opt")[0] == 0
    assert (tmp_path / "link.opt").is_symlink()
    assert (tmp_path / "real.opt").read_bytes() == b"sgd(0.1)\r\n"


def test_fmt_of_a_text_goes_to_standard_output(run: Run) -> None:
    assert run("fmt", "-e", "sgd( 0.1 )") == (0, "sgd(0.1)\n", "")
    assert run("fmt", "--check", "-e", "sgd(0.1)\n")[0] == 0


# ---- explain, python


def test_explain_writes_the_report(run: Run) -> None:
    status, out, _ = run("explain", "-e", GOOD)
    assert (status, out) == (0, f"{optdsl.explain(GOOD)}\n")
    status, out, _ = run("explain", "-e", "adam(:rate)", "--hole", "rate=0.1", "--json")
    assert (status, json.loads(out)) == (0, optdsl.explain("adam(0.1)").to_dict())


def test_python_writes_code_that_builds_the_chain(run: Run) -> None:
    status, out, _ = run("python", "-e", "clip(1.0) | adam(:rate)", "--hole", "rate=0.1")
    assert status == 0
    scope: dict[str, object] = {}
    exec(out, scope)
    assert hasattr(scope["tx"], "update")


@pytest.mark.parametrize("command", ["explain", "python"])
def test_findings_stand_beside_the_output(run: Run, command: str) -> None:
    status, out, err = run(command, "-e", "adm(1e-3)")
    assert (status, out) == (1, "")
    assert "E201" in err


@pytest.mark.parametrize("command", ["explain", "python"])
def test_one_program_at_a_time(run: Run, command: str) -> None:
    assert run(command, "-e", "sgd(0.1)", "sgd(0.2)")[0] == 2
    assert run(command)[0] == 2


# ---- list, doc, codes


def test_list_shows_every_word_once(run: Run) -> None:
    status, out, _ = run("list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == [row.name for row in sorted(ROWS, key=_place)]


def _place(row: object) -> int:
    return GROUPS.index(group(row))  # pyright: ignore[reportArgumentType]


def test_list_takes_a_part_or_a_glob(run: Run) -> None:
    assert {line.split()[0] for line in run("list", "clip")[1].splitlines()} == {
        name for name in names() if "clip" in name
    }
    assert [line.split()[0] for line in run("list", "clip*norm")[1].splitlines()] == [
        "clip_norm",
        "clip_by_global_norm",
    ]
    status, out, err = run("list", "zebra")
    assert (status, out) == (1, "")
    assert "zebra" in err


def test_list_writes_json(run: Run) -> None:
    data = json.loads(run("list", "--json")[1])
    assert {item["name"] for item in data} == set(names())
    adam = next(item for item in data if item["name"] == "adam")
    assert (adam["group"], adam["optax"]) == ("optimizers", "optax.adam")
    assert adam["parameters"][0] == {
        "name": "learning_rate",
        "kind": "number or schedule",
        "default": None,
        "range": ">= 0",
        "choices": [],
        "keyword_only": False,
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("clip_norm", "our words"),
        ("sgd", "optimizers"),
        ("muon", "optimizers"),
        ("scale_by_adam", "transforms"),
        ("scale_by_learning_rate", "transforms"),
        ("clip", "transforms"),
        ("apply_if_finite", "wrappers"),
        ("sam", "wrappers"),
        ("lbfgs", "optimizers"),
        ("linear_schedule", "schedules"),
    ],
)
def test_groups(name: str, expected: str) -> None:
    row = lookup(name)
    assert row is not None
    assert group(row) == expected


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_example_of_every_word_has_no_finding(row: object) -> None:
    program = example(row)  # pyright: ignore[reportArgumentType]
    holes = {name: lambda *_: 0 for name in re.findall(r":([a-z_]+)", program)}
    assert row.name in program  # pyright: ignore[reportAttributeAccessIssue]
    findings = [finding for finding in optdsl.check(program, holes=holes) if finding.severity != "note"]
    old = {"apply_every": "W512", "optimistic_adam": "W516"}.get(row.name)  # pyright: ignore[reportAttributeAccessIssue]
    assert [finding.code for finding in findings] == ([old] if old else [])


def test_doc_tells_all_of_a_word(run: Run) -> None:
    status, out, _ = run("doc", "polyak_sgd")
    assert status == 0
    assert (
        out
        == """\
polyak_sgd(max_learning_rate=1.0, scaling=1.0, f_min=0.0, eps=0.0, variant='sps')
    Gradient descent whose step comes from the distance of the loss to its smallest
    value.

parameters
    max_learning_rate  number, >= 0, default 1.0
    scaling            number or schedule, >= 0, default 1.0
    f_min              number, default 0.0
    eps                number, >= 0, default 0.0
    variant            string, `sps` or `sps+`, default 'sps'

formula
    u = -scaling * min(max_learning_rate, (value - f_min) / (norm(g)^2 + eps)) * g

source
    Loizou et al. 2020, arXiv 2002.10542

needs
    `value` as extra argument of each step

example
    polyak_sgd

in Optax
    optax.polyak_sgd
"""
    )


def test_doc_says_no_kind_of_what_takes_anything(run: Run) -> None:
    out = run("doc", "hutchinson_estimator_diag_hessian")[1]
    assert "    random_seed  default none\n" in out
    assert "    measures  required\n" in run("doc", "monitor")[1]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_word_has_a_page(run: Run, row: object) -> None:
    status, out, _ = run("doc", row.name)  # pyright: ignore[reportAttributeAccessIssue]
    assert status == 0
    words = " ".join(out.split())
    assert label(row).text in words  # pyright: ignore[reportArgumentType]


def test_doc_of_an_old_name_says_the_new_one(run: Run) -> None:
    assert "write `optimistic_adam_v2`" in run("doc", "optimistic_adam")[1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("adm", "`optdsl doc adam`"),
        ("AdamW", "`optdsl doc adamw`"),
        ("masked", "`stage where SEL`"),
        ("zebra", "list"),
    ],
)
def test_doc_of_an_unknown_word_says_what_was_meant(run: Run, name: str, said: str) -> None:
    status, out, err = run("doc", name)
    assert (status, out) == (1, "")
    assert said in err


def test_codes(run: Run) -> None:
    status, out, _ = run("codes")
    assert status == 0
    assert "E202  unknown parameter\n" in out
    status, out, _ = run("codes", "e202")
    assert status == 0
    assert "    error[E202]: `adamw` has no parameter `weigth_decay`\n" in out
    assert out.endswith("works\n    adamw(3e-4, weight_decay=0.1)\n")
    status, out, err = run("codes", "E20")
    assert (status, out) == (1, "")
    assert "`optdsl codes E2" in err


# ---- train


def test_train_checks_all_programs_before_any_trains(run: Run) -> None:
    status, out, err = run("train", GOOD, "adm(1e-3)", "sgd(0.1")
    assert (status, out) == (1, "")
    assert [line.split(":")[0] for line in err.splitlines() if line.startswith("error")] == [
        "error[E201]",
        "error[E102]",
    ]
    assert "<program 2>:1:1" in err


def test_train_trains_texts_and_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.opt").write_text("sgd(\n  linear_schedule(0.1, :end ?? 0, 1%)\n)\n")
    status, out, _ = run("train", "mine.opt", GOOD, "--steps", "5", "--batch", "64", "--seed", "3", "--json")
    assert status == 0
    data = json.loads(out)
    assert (data["steps"], data["batch"], data["seed"]) == (5, 64, 3)
    assert [result["program"] for result in data["results"]] == [
        "sgd(linear_schedule(0.1, :end ?? 0, 1%))",
        GOOD,
    ]
    assert [result["steps"] for result in data["results"]] == [5, 5]


@pytest.mark.parametrize(
    "arguments",
    [("--steps", "0"), ("--steps", "many"), ("--seed", "-1"), ("--batch", "0"), ("--data", "words"), ()],
)
def test_train_refuses_impossible_settings(run: Run, arguments: tuple[str, ...]) -> None:
    programs = (GOOD,) if arguments else ()
    status, out, err = run("train", *programs, *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1


# ---- usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("chek",), "`optdsl check`"),
        (("format",), "fmt"),
        (("zebra",), "the commands are"),
        ((GOOD,), "a command comes before"),
        (("train.opt",), "`optdsl check train.opt`"),
        (("check", "--jsn", "-e", GOOD), "`--json`"),
        (("check", "--zebra", "-e", GOOD), "`optdsl check --help`"),
        (("check",), "-e TEXT"),
        (("check", "-e"), "-e"),
        (("doc",), "NAME"),
        (("doc", "adam", "sgd"), "`sgd`"),
        (("check", "-e", GOOD, "--format", "xml"), "xml"),
    ],
)
def test_wrong_usage_is_told_in_one_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_help_and_version(run: Run) -> None:
    assert run("--version") == (0, f"optdsl {optdsl.__version__}\n", "")
    status, out, _ = run("--help")
    assert status == 0
    for command in ("check", "fmt", "explain", "python", "train", "list", "doc", "codes"):
        assert f"    {command} " in out
        assert run(command, "--help")[0] == 0
    status, out, err = run()
    assert (status, out) == (2, "")
    assert err.startswith("usage: optdsl")


# ---- what goes wrong around us


def _fails(*_: object, **__: object) -> None:
    raise KeyError("tables\nare gone")


def test_a_bug_of_ours_is_one_line_with_how_to_report_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optdsl.api.check", _fails)
    status, out, err = run("check", "-e", GOOD)
    assert (status, out) == (1, "")
    assert re.fullmatch(r"error\[E999\]: optdsl itself failed, with KeyError: .*report.*OPTDSL_DEBUG=1.*\n", err)
    assert optdsl.__version__ in err
    monkeypatch.setenv("OPTDSL_DEBUG", "1")
    with pytest.raises(KeyError):
        main(["check", "-e", GOOD])


def _interrupts(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_an_interruption_leaves_a_clean_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optdsl.api.check", _interrupts)
    assert run("check", "-e", GOOD) == (130, "", "optdsl: interrupted\n")


def test_ctrl_c_in_a_process_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "optdsl", "check", "-"]
    environment = {**os.environ, "PYTHONPATH": str(Path(optdsl.__file__).parents[1])}
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    )
    time.sleep(1.0)  # it has begun to wait for its input by then
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    assert (child.returncode, err) == (130, "optdsl: interrupted\n")


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m optdsl list --json | head -1; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": str(Path(optdsl.__file__).parents[1])}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.stdout, done.stderr) == ("[\n", "")
    assert done.returncode in (0, 141)  # 0 where the pipe takes all of it before `head` ends


def test_a_terminal_without_the_characters_gets_escapes() -> None:
    done = process("check", "-e", "adam('größe')", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert "gr\\xf6\\xdfe" in done.stdout


def test_colours_are_for_those_who_want_them() -> None:
    assert "\x1b[" not in process("check", "-e", "adm(1)").stdout
    assert "\x1b[1;31m" in process("check", "-e", "adm(1)", FORCE_COLOR="1", TERM="xterm").stdout
    coloured = process("check", "-e", "adm(1)", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm").stdout
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", coloured)

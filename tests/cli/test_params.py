"""`--params` and `--set`: shapes from a file, and values put over a program by path."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import pytest

import optdsl
from optdsl.cli import main

Run = Callable[..., tuple[int, str, str]]
SHAPES = {
    "embed/embedding": {"shape": [9, 4], "dtype": "bfloat16"},
    "blocks_2/kernel": {"shape": [4, 4], "dtype": "float32"},
    "blocks_10/kernel": {"shape": [4, 4], "dtype": "float32"},
    "head/bias": {"shape": [], "dtype": "float32"},
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shapes.json").write_text(json.dumps(SHAPES))

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        written = capsys.readouterr()
        return status, written.out, written.err

    return call


# ---- --params


def test_explain_writes_a_row_for_each_leaf_in_the_order_of_the_file(run: Run) -> None:
    program = "freeze where embed/** | adamw(1e-3, weight_decay=0.1 where ndim > 1)"
    status, out, err = run("explain", "--params", "shapes.json", "-e", program)
    assert (status, err) == (0, "")
    rows = out[out.index("\nleaves\n") : out.index("\ntotals\n")].splitlines()[3:]
    assert [row.split()[-1] for row in rows] == list(SHAPES)
    assert "frozen" in rows[0]
    assert "4 leaves, 1 of them frozen; 69 parameters (33 trainable, 36 frozen)" in out


def test_explain_says_the_same_of_a_file_and_of_a_tree(run: Run) -> None:
    tree = {
        "embed": {"embedding": jnp.ones((9, 4), jnp.bfloat16)},
        "blocks_2": {"kernel": jnp.ones((4, 4))},
        "blocks_10": {"kernel": jnp.ones((4, 4))},
        "head": {"bias": jnp.ones(())},
    }
    _, out, _ = run("explain", "--params", "shapes.json", "-e", "adam(1e-3)", "--json")
    from_file, from_tree = json.loads(out), optdsl.explain("adam(1e-3)", tree).to_dict()
    assert from_file["totals"] == from_tree["totals"]
    assert sorted(from_file["leaves"], key=str) == sorted(json.loads(json.dumps(from_tree["leaves"])), key=str)


def test_check_finds_what_only_leaves_show(run: Run) -> None:
    program = "match { embd/** => freeze, blocks_*/** => sgd(0.1) }"
    assert run("check", "-e", program)[0] == 0
    status, out, _ = run("check", "--params", "shapes.json", "-e", program, "--format", "line")
    assert status == 1
    assert "error[E401]: no arm takes 2 of 4 leaves" in out
    assert "error[E402]" in out
    assert "embed/embedding" in out
    status, out, err = run("check", "--params", "shapes.json", "-e", "centralize(axes=(1, 2)) | sgd(0.1)", "--json")
    assert (status, err) == (1, "")
    assert {finding["code"] for finding in json.loads(out)} == {"E403"}


def test_explain_refuses_a_program_that_does_not_fit(run: Run) -> None:
    status, out, err = run("explain", "--params", "shapes.json", "-e", "freeze where nowhere/** | sgd(0.1)")
    assert (status, out) == (1, "")
    assert "error[E402]" in err


FORM = 'is not of the form {"dense/kernel": {"shape": [4, 3], "dtype": "float32"}, ...}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON: line 1, column 1"),
        ('{"a": ', "is not JSON: line 1, column 7"),
        ("[" * 100_000, FORM),
        ("[1]", FORM),
        ("null", FORM),
        ('{"a": [4, 3]}', f"{FORM}: see `a`"),
        ('{"a": {"shape": [4]}}', f"{FORM}: see `a`"),
        ('{"a": {"shape": 4, "dtype": "float32"}}', f"{FORM}: see `a`"),
        ('{"a": {"shape": [-4], "dtype": "float32"}}', f"{FORM}: see `a`"),
        ('{"a": {"shape": [true], "dtype": "float32"}}', f"{FORM}: see `a`"),
        ('{"a": {"shape": [1.5], "dtype": "float32"}}', f"{FORM}: see `a`"),
        ('{"a": {"shape": [1e400], "dtype": "float32"}}', f"{FORM}: see `a`"),
        ('{"a": {"shape": [4], "dtype": 32}}', f"{FORM}: see `a`"),
        ('{"a": {"shape": [4], "dtype": "flaot32"}}', "has the dtype `flaot32` at `a`, which jax does not know"),
        ('{"\\u001b": 1}', f"{FORM}: see '\\x1b'"),
        ('{"a": 1, "a": 2}', "has `a` twice"),
        ('{"a": LEAF, "a/b": LEAF}', "has the leaf `a` and another below it, `a/b`"),
        ('{"a/b": LEAF, "a": LEAF}', "has the leaf `a` and others below it"),
        ('{"": LEAF, "a": LEAF}', "has an empty path, which only a lone leaf has"),
    ],
)
def test_a_file_of_another_form_gets_one_line(run: Run, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "other.json").write_text(text.replace("LEAF", '{"shape": [4], "dtype": "float32"}'))
    for command in ("explain", "check"):
        status, out, err = run(command, "--params", "other.json", "-e", "sgd(0.1)")
        assert (status, out) == (2, "")
        assert err.startswith(f"optdsl {command}: `other.json` {said}")
        assert err.count("\n") == 1


def test_a_file_that_cannot_be_read_gets_one_line(run: Run, tmp_path: Path) -> None:
    assert run("check", "--params", "no.json", "-e", "sgd(1)") == (2, "", "optdsl check: `no.json` does not exist\n")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8 text" in run("check", "--params", "binary.json", "-e", "sgd(1)")[2]
    assert "cannot be read" in run("check", "--params", ".", "-e", "sgd(1)")[2]


def test_a_file_may_hold_one_leaf_without_a_path_or_none_at_all(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text('\ufeff{"": {"shape": [3], "dtype": "float32"}}', encoding="utf-8")
    assert "1 leaf; 3 parameters" in run("explain", "--params", "one.json", "-e", "sgd(0.1)")[1]
    (tmp_path / "none.json").write_text("{}")
    assert "0 leaves; 0 parameters" in run("explain", "--params", "none.json", "-e", "sgd(0.1)")[1]


# ---- --set


def parameter(out: str, path: str, name: str) -> Any:
    stage = next(stage for stage in json.loads(out)["stages"] if stage["path"] == path)
    return next(one for one in stage["parameters"] if one["name"] == name)


@pytest.mark.parametrize(
    ("program", "path", "value", "shown"),
    [
        ("adam(1e-3)", "adam.b1", "0.95", 0.95),
        ("adam(1e-3)", "adam.learning_rate", "3e-4", 3e-4),
        ("adam(1e-3)", "adam.nesterov", "true", True),
        ("adam(1e-3)", "adam.mu_dtype", "none", None),
        ("rate = 1; adam(rate)", "rate", "0.5", 0.5),
        ("sgd(1) as slow | scale(2)", "slow.momentum", "0.9", 0.9),
        ("accumulate(4) { sgd(1) }", "accumulate.sgd.learning_rate", "2", 2),
        ("accumulate(4) { sgd(1) }", "accumulate.k", "1k", 1000),
    ],
)
def test_set_puts_a_value_over_a_path(run: Run, program: str, path: str, value: str, shown: object) -> None:
    status, out, err = run("explain", "-e", program, "--set", f"{path}={value}", "--json")
    assert (status, err) == (0, "")
    where, _, name = (path if "." in path else "adam.learning_rate").rpartition(".")
    assert parameter(out, where, name)["value"] == shown


def test_set_reads_words_where_the_parameter_takes_them(run: Run) -> None:
    _, out, _ = run("explain", "-e", "centralize | adam(1)", "--set", "adam.mu_dtype=bfloat16", "--json")
    assert parameter(out, "adam", "mu_dtype")["text"] == "bfloat16"


def test_set_may_be_repeated_and_reaches_every_command(run: Run) -> None:
    sets = ("--set", "adam.b1=0.8", "--set", "adam.b2=0.9")
    assert run("check", "-e", "adam(1e-3)", *sets) == (0, "<program>: ok\n", "")
    status, out, _ = run("python", "-e", "adam(1e-3)", *sets)
    assert status == 0
    assert "tx = optax.adam(1e-3, b1=0.8, b2=0.9)" in out
    assert out.startswith("# --set adam.b1=0.8\n# --set adam.b2=0.9\n# adam(1e-3)\n")


def test_train_trains_with_what_is_set(run: Run) -> None:
    arguments = ("--steps", "2", "--json")
    _, plain, _ = run("train", "sgd(0.1)", *arguments)
    status, out, _ = run("train", "sgd(5)", *arguments, "--set", "sgd.learning_rate=0.1")
    assert status == 0
    one, other = (json.loads(text)["results"][0] for text in (plain, out))
    assert one["final_loss"] == other["final_loss"]
    assert other["program"] == "sgd(5) --set sgd.learning_rate=0.1"


@pytest.mark.parametrize("command", ["check", "explain", "python", "plot"])
def test_an_unknown_path_names_the_nearest(run: Run, command: str) -> None:
    status, out, err = run(command, "-e", "adam(1e-3)", "--set", "adam.learningrate=1")
    assert status == 1
    assert "error[E248]: the program has nothing at `adam.learningrate`" in out + err
    assert "write `adam.learning_rate`" in out + err


@pytest.mark.parametrize("item", ["adam.b1", "=3", " = 3"])
def test_set_of_another_form_is_wrong_usage(run: Run, item: str) -> None:
    status, out, err = run("check", "-e", "adam(1e-3)", "--set", item)
    assert (status, out) == (2, "")
    assert "--set takes PATH=VALUE" in err


def test_a_path_is_set_once(run: Run) -> None:
    _, _, err = run("check", "-e", "adam(1e-3)", "--set", "adam.b1=0.8", "--set", "adam.b1=0.9")
    assert err == "optdsl check: `adam.b1` is set twice\n"


def test_a_value_that_does_not_fit_is_a_finding(run: Run) -> None:
    status, out, _ = run("check", "-e", "adam(1e-3)", "--set", "adam.b1=2", "--format", "line")
    assert status == 1
    assert "E222" in out
    assert "E221" in run("check", "-e", "adam(1e-3)", "--set", "adam.b1=much", "--format", "line")[1]


def test_fmt_sets_nothing(run: Run) -> None:
    status, _, err = run("fmt", "-e", "adam(1e-3)", "--set", "adam.b1=0.8")
    assert status == 2
    assert "there is no option `--set`" in err

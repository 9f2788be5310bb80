"""`optdsl check --fix` and `--diff`: what is changed, what is left alone, and what is said of it."""

import io
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from optdsl.cli.fix import fix
from optdsl.cli.programs import Given
from optdsl.diagnostics import Diagnostic, Edit
from optdsl.source import Range, Source

Run = Callable[..., tuple[int, str, str]]

PROGRAM = "# Ours\r\nclip( 1.0 )  # first\r\n  | adm(1e-3, b1 = .9)  # second\r\n"
REPAIRED = PROGRAM.replace("adm", "adam")


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def read(path: Path) -> str:
    return path.read_bytes().decode()


# ---- files


def test_fix_changes_what_is_wrong_and_nothing_else(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "a.opt", PROGRAM)
    file.chmod(0o640)
    assert run("check", "--fix", "a.opt") == (
        0,
        "a.opt:3:5: fixed[E201]: there is no stage `adm`\na.opt: ok\n1 fixed\n",
        "",
    )
    assert read(file) == REPAIRED
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a.opt"]
    assert run("check", "--fix", "a.opt") == (0, "a.opt: ok\n", "")


def test_what_is_left_decides_the_status(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "a.opt", "clp(1.0) | adamw(1e-3, wight_decay=0.1, foo=2)")
    status, out, err = run("check", "--fix", "--format", "line", "a.opt")
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        "a.opt:1:1: fixed[E201]: there is no stage `clp`",
        "a.opt:1:24: fixed[E202]: `adamw` has no parameter `wight_decay`",
        "a.opt:1:43: error[E202]: `adamw` has no parameter `foo`",
    ]
    assert read(file) == "clip(1.0) | adamw(1e-3, weight_decay=0.1, foo=2)"


def test_a_program_that_does_not_parse_stays(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "a.opt", "adm(1e-3")
    assert run("check", "--fix", "a.opt")[0] == 1
    assert read(file) == "adm(1e-3"


def test_a_mark_at_the_beginning_stays(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.opt"
    file.write_bytes(b"\xef\xbb\xbfadm(1e-3)\r\n")
    assert run("check", "--fix", "a.opt")[0] == 0
    assert file.read_bytes() == b"\xef\xbb\xbfadam(1e-3)\r\n"


def test_diff_writes_no_file(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "a.opt", PROGRAM)
    for options in (("--diff",), ("--fix", "--diff")):
        assert run("check", *options, "a.opt") == (
            1,
            """\
--- a.opt
+++ a.opt fixed
@@ -1,3 +1,3 @@
 # Ours
 clip( 1.0 )  # first
-  | adm(1e-3, b1 = .9)  # second
+  | adam(1e-3, b1 = .9)  # second
""",
            "a.opt:3:5: would be fixed[E201]: there is no stage `adm`\n1 would be fixed\n",
        )
    assert read(file) == PROGRAM


def test_diff_of_a_program_that_is_right_is_empty(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.opt", REPAIRED)
    assert run("check", "--diff", "a.opt") == (0, "", "")


def test_one_edit_uncovers_the_next(run: Run, tmp_path: Path) -> None:
    # Parameters are looked at once the stage is known.
    file = write(tmp_path / "a.opt", "sdg(0.1, momentun=0.9)")
    status, out, _ = run("check", "--fix", "--format", "line", "a.opt")
    assert status == 0
    assert out.splitlines() == [
        "a.opt:1:1: fixed[E201]: there is no stage `sdg`",
        "a.opt:1:10: fixed[E202]: `sgd` has no parameter `momentun`",
    ]
    assert read(file) == "sgd(0.1, momentum=0.9)"


def test_a_file_that_cannot_be_written_is_said(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.opt", PROGRAM)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    status, _, err = run("check", "--fix", "a.opt")
    assert (status, err) == (2, "optdsl check: `a.opt` cannot be written: Permission denied\n")
    assert [path.name for path in tmp_path.iterdir()] == ["a.opt"]


# ---- texts


def test_a_text_is_printed_repaired_and_alone(run: Run) -> None:
    assert run("check", "--fix", "-e", "clip(1.0) | adm(1e-3)  # ours") == (
        0,
        "clip(1.0) | adam(1e-3)  # ours\n",
        "<program>:1:13: fixed[E201]: there is no stage `adm`\n<program>: ok\n1 fixed\n",
    )


def test_standard_input_is_printed_repaired(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"adm(1e-3)\n")))
    assert run("check", "--fix", "-")[:2] == (0, "adam(1e-3)\n")


def test_a_text_without_an_edit_is_printed_as_it_is(run: Run) -> None:
    status, out, err = run("check", "--fix", "-e", "sgd(0.1, foo=2)")
    assert (status, out) == (1, "sgd(0.1, foo=2)\n")
    assert err.endswith("1 error left\n")


def test_holes_and_values_over_the_program_stay_out_of_it(run: Run) -> None:
    status, out, _ = run("check", "--fix", "--hole", "r=0.5", "--set", "sgd.momentum=0.9", "-e", "clp(1.0) | sgd(:r)")
    assert (status, out) == (0, "clip(1.0) | sgd(:r)\n")


def test_json_and_programs_do_not_share_an_output(run: Run, tmp_path: Path) -> None:
    assert run("check", "--diff", "--json", "-e", "sgd(0.1)")[0] == 2
    assert run("check", "--fix", "--json", "-e", "sgd(0.1)")[0] == 2
    file = write(tmp_path / "a.opt", "clp(1.0) | sgd(0.1, foo=2)")
    status, out, err = run("check", "--fix", "--json", "a.opt")
    assert status == 1
    assert [finding["span"]["column"] for finding in json.loads(out)] == [22]
    assert err == "a.opt:1:1: fixed[E201]: there is no stage `clp`\n"
    assert read(file) == "clip(1.0) | sgd(0.1, foo=2)"


# ---- values inside other files

VALUES: dict[str, tuple[str, str]] = {
    "x.yaml plain": ("# é\nk: clip(1.0) | adm(1e-3)  # here\nb: [ 1 ]\n", "adm"),
    "x.yaml single": ("k: 'polyak_sgd(variant=''sps'') | adm(1)'\n", "adm"),
    "x.yaml double": ('k: "clip(1.0)\\n| \\\n   adm(1e-3)"\n', "adm"),
    "x.yaml literal": ("k: |\n  clip(1.0)  # é\n\n  | adm(1e-3)\nb: 1", "adm"),
    "x.yaml folded": ("k: >-\n  clip(1.0)\n  | adm(1e-3)\n\n\nb: 1", "adm"),
    "x.toml literal": ("k = 'clip(1.0) | adm(1e-3)' # here\nb=1", "adm"),
    "x.toml long": ('k = """\r\nclip(1.0) \\\r\n  | adm(1e-3)"""\r\n', "adm"),
    "x.json": ('{ "b" : 1.50,\n  "k" : "clip(1.0)\\n| \\u0061dm(1e-3)" }\n', "\\u0061dm"),
}


@pytest.mark.parametrize("style", VALUES)
def test_a_value_is_repaired_where_it_stands(run: Run, tmp_path: Path, style: str) -> None:
    name = style.split()[0]
    before, wrong = VALUES[style]
    file = write(tmp_path / name, before)
    _, diff, _ = run("check", "--diff", f"{name}:k")
    assert diff.startswith(f"--- {name}\n+++ {name} fixed\n")
    assert read(file) == before
    _, out, _ = run("check", "--fix", f"{name}:k")
    assert ": fixed[E201]: " in out
    assert read(file) == before.replace(wrong, "adam")


def test_two_values_of_one_file(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "x.yaml", "a: adm(1e-3)\nb: sdg(0.1)\n")
    assert run("check", "--fix", "x.yaml:a", "x.yaml:b")[0] == 0
    assert read(file) == "a: adam(1e-3)\nb: sgd(0.1)\n"


def test_an_edit_that_needs_escapes_is_left_to_the_reader(run: Run, tmp_path: Path) -> None:
    before = "k: 'clp(1.0) | polyak_sgd(variant=sps)'\n"
    file = write(tmp_path / "x.yaml", before)
    status, out, _ = run("check", "--fix", "--format", "line", "x.yaml:k")
    assert status == 1
    assert "x.yaml:1:5: fixed[E201]: there is no stage `clp`" in out
    assert ": not fixed[E2" in out
    assert read(file) == before.replace("clp", "clip")
    status, out, _ = run("check", "--json", "x.yaml:k")
    assert [finding["edit"] for finding in json.loads(out)] == [None]


def test_the_edit_in_json_counts_in_the_file(run: Run, tmp_path: Path) -> None:
    host = "# größe\nk: clip(1.0) | adm(1e-3)\n"
    write(tmp_path / "x.yaml", host)
    edit = json.loads(run("check", "--json", "x.yaml:k")[1])[0]["edit"]
    assert edit == {"start": host.index("adm"), "end": host.index("adm") + 3, "text": "adam"}


# ---- passes


def always(source: Callable[[str], Source]) -> Callable[[Given], list[Diagnostic]]:
    """Returns a check that always finds the first character wrong, and swaps it between `a` and `b`."""

    def check(program: Given) -> list[Diagnostic]:
        other = "b" if program.text.startswith("a") else "a"
        place, of = Range(0, 1), source(program.text)
        return [Diagnostic("E201", "it is wrong", of.span(place), edit=Edit(place, other), source=of)]

    return check


def test_edits_that_undo_each_other_end() -> None:
    done = fix(Given("a", "<program>"), always(Source))
    assert len(done.mended) == 10
    assert len(done.left) == 1


def test_findings_of_another_text_are_not_applied() -> None:
    done = fix(Given("a", "<program>"), always(lambda text: Source(f"{text} of the host")))
    assert (done.program.text, done.mended) == ("a", ())

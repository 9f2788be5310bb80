"""`optdsl plot`: every schedule of a program, as text, as numbers, and as a picture."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import optdsl
from optdsl.cli import main
from optdsl.cli.plot_picture import MOST
from optdsl.cli.plot_text import ROWS

Run = Callable[..., tuple[int, str, str]]
WARM = "0 -> linear(1e-3, 1k) -> cosine(0, 9k)"


def schedules(run: Run, *arguments: str) -> list[dict[str, Any]]:
    status, out, err = run("plot", *arguments, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)["schedules"]


def names(run: Run, *arguments: str) -> list[str]:
    return [name for schedule in schedules(run, *arguments) for name in schedule["names"]]


# ---- which schedules


def test_every_schedule_of_a_program_is_found(run: Run) -> None:
    program = (
        "rate = 0 -> linear(1, 10); clip_norm(1 + step / 100)"
        " | accumulate(2) { match { bias => sgd(rate), else => adamw(2 * rate, b2=0.9 when step < 5 else 0.99) } }"
        " | scale_by_schedule(cosine_decay_schedule(1, 10)) as last"
    )
    assert names(run, "-e", program) == [
        "clip_norm.max_norm",
        "accumulate.match.0.sgd.learning_rate",
        "accumulate.match.1.adamw.learning_rate",
        "accumulate.match.1.adamw.b2",
        "last.step_size_fn",
    ]


def test_equal_schedules_are_drawn_once(run: Run) -> None:
    found = schedules(run, "-e", "rate = 0 -> linear(1, 10); match { bias => sgd(rate), else => adam(rate) }")
    assert [schedule["names"] for schedule in found] == [["match.0.sgd.learning_rate", "match.1.adam.learning_rate"]]


@pytest.mark.parametrize("text", [WARM, "cosine_decay_schedule(1, 10)", "0.1 * min(1, step / 50)", "x = 3; x * step"])
def test_a_schedule_may_stand_by_itself(run: Run, text: str) -> None:
    (found,) = schedules(run, "-e", text)
    assert found["names"] == ["schedule"]
    at = optdsl.schedule(text)
    assert found["values"] == pytest.approx([float(at(step)) for step in found["steps"]], rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("program", ["adam(1e-3)", "live rate = 1; sgd(rate)", "sgd(0.1 where bias else 1)", "0.5"])
def test_a_program_without_schedules_says_so(run: Run, tmp_path: Path, program: str) -> None:
    said = "no schedule: every number of the program is the same at every step\n"
    assert run("plot", "-e", program) == (0, said, "")
    assert run("plot", "-e", program, "-o", "p.png") == (0, said, "")
    assert not (tmp_path / "p.png").exists()
    assert schedules(run, "-e", program) == []


def test_values_over_leaves_give_a_curve_for_each_branch(run: Run) -> None:
    program = (
        "rate = 0 -> linear(1, 10); sgd(rate * (0.1 where embed/** else 0.5 ** i where block_{i}/** else 1)"
        " * (3 where bias else 1))"
    )
    status, out, _ = run("plot", "-e", program, "--json")
    document = json.loads(out)
    assert status == 0
    peaks = {schedule["names"][0]: max(schedule["values"]) for schedule in document["schedules"]}
    assert peaks == pytest.approx(
        {
            "sgd.learning_rate where embed/** and bias": 0.3,
            "sgd.learning_rate where embed/**": 0.1,
            "sgd.learning_rate where bias": 3,
            "sgd.learning_rate elsewhere": 1,
        }
    )
    assert document["left_out"] == [
        "sgd.learning_rate where block_{i}/** and bias: each leaf has its own, from a number in its path",
        "sgd.learning_rate where block_{i}/**: each leaf has its own, from a number in its path",
    ]
    assert "\nleft out: sgd.learning_rate where block_{i}/**: each leaf" in run("plot", "-e", program)[1]


def test_a_branch_that_stands_still_is_left_out(run: Run) -> None:
    _, out, _ = run("plot", "-e", "sgd((0 -> linear(1, 10)) where bias else 0.5)", "--json")
    assert json.loads(out)["left_out"] == ["sgd.learning_rate elsewhere: 0.5 at every step"]


def test_too_many_branches_are_left_out(run: Run) -> None:
    factors = " * ".join(f"(0.5 where a_{number}/** else 1)" for number in range(20))
    _, out, _ = run("plot", "-e", f"sgd((0 -> linear(1, 10)) * {factors})", "--json")
    assert json.loads(out) == {
        "schedules": [],
        "left_out": ["sgd.learning_rate: more than 16 combinations of selectors"],
    }


# ---- how far


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (("-e", WARM), 11_000),
        (("-e", f"match {{ bias => sgd(0 -> linear(1, 50)), else => sgd({WARM}) }}"), 11_000),
        (("-e", "sgd(0 -> linear(1, 10%) -> hold)", "--hole", "total=2k"), 2_200),
        (("-e", "sgd(0 -> linear(1, 10))", "--hole", "total=2k"), 2_200),
        (("-e", "sgd(warmup_cosine_decay_schedule(0, 1, 10, 100, 0))"), 110),
        (("-e", "sgd(exponential_decay(1, 100, 0.5, transition_begin=100))"), 220),
        (("-e", "sgd(piecewise_constant_schedule(1, {100: 0.1, 300: 0.1}))"), 330),
        (("-e", "sgd(join_schedules([linear_schedule(0, 1, 10), linear_schedule(1, 0, 20)], [10]))"), 33),
        (("-e", "sgd(1 / (1 + step))"), 3),
        (("-e", "sgd(1 / sqrt(1 + sqrt(step)))"), 1_000),
        (("-e", "sgd(warmup(500))"), 1_650),
        (("-e", WARM, "--steps", "70"), 70),
    ],
)
def test_the_steps_reach_a_tenth_behind_the_end(run: Run, arguments: tuple[str, ...], last: int) -> None:
    assert {schedule["steps"][-1] for schedule in schedules(run, *arguments)} == {last}


def test_turns_are_among_the_steps(run: Run) -> None:
    (found,) = schedules(run, "-e", "0 -> linear(1, 12345) -> hold(54321) -> linear(0, 99999)")
    values = dict(zip(found["steps"], found["values"], strict=True))
    assert (values[12345], values[12345 + 54321], values[12345 + 54321 + 99999]) == (1, 1, 0)
    assert found["steps"] == sorted(set(found["steps"]))


# ---- text


def test_the_chart(run: Run) -> None:
    status, out, err = run("plot", "-e", f"adam({WARM})")
    assert (status, err) == (0, "")
    title, value, *rows, floor, steps = out.splitlines()
    assert title == "adam.learning_rate"
    assert value == "    0 -> linear(1e-3, 1000) -> cosine(0, 9000)"
    assert len(rows) == ROWS
    assert [row.split()[0] for row in (rows[0], rows[ROWS // 2], rows[-1])] == ["0.001", "0.0005", "0"]
    assert steps.split() == ["0", "5,500", "11,000", "steps"]
    assert len(floor) == len(steps) <= 88
    middle, end = floor.index("┴"), floor.rindex("┴")
    assert steps[middle - 2 : middle + 3] == "5,500"
    assert steps[: end + 1].endswith("11,000 steps")
    assert all(len(row) <= end + 1 for row in rows)


def test_the_line_is_where_the_values_are(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert main(["plot", "-e", "0 -> linear(1, 100)", "--steps", "100"]) == 0
    sys.stdout.flush()
    raw = sys.stdout.buffer
    assert isinstance(raw, io.BytesIO)
    _, _, *rows, _, _ = raw.getvalue().decode("ascii").splitlines()
    begin = rows[0].index("+") + 1
    cells = [(column - begin, row) for row, text in enumerate(rows) for column in range(begin, len(text))]
    stars = [(column, row) for column, row in cells if rows[row][column + begin] == "*"]
    last = max(column for column, _ in stars)
    assert {column for column, _ in stars} == set(range(last + 1))
    for column, row in stars:
        assert abs((1 - row / (ROWS - 1)) - column / last) <= 0.6 / (ROWS - 1) + 0.6 / last


def test_a_step_goes_up_at_once(run: Run) -> None:
    _, out, _ = run("plot", "-e", "1 when step < 500 else 0", "--steps", "999")
    rows = out.splitlines()[2 : 2 + ROWS]
    assert len({len(row) for row in rows[1:-1]}) == 1
    assert len({row.rindex(" ") for row in rows[1:-1]}) == 1


@pytest.mark.parametrize(
    ("text", "high", "low"),
    [
        ("0.9 -> linear(0.95, 10)", "0.95", "0.9"),
        ("1 -> linear(0.4, 10)", "1", "0"),
        ("-1 -> linear(-0.4, 10)", "0", "-1"),
        ("-1 -> linear(1, 10)", "1", "-1"),
        ("0.2 -> linear(0.2, 10)", "0.4", "0"),
        ("0 -> linear(0, 10)", "1", "-1"),
    ],
)
def test_the_values_beside_the_chart(run: Run, text: str, high: str, low: str) -> None:
    rows = run("plot", "-e", text)[1].splitlines()[2 : 2 + ROWS]
    assert (rows[0].split()[0], rows[-1].split()[0]) == (high, low)


def test_what_is_not_finite_is_said_and_written_as_null(run: Run) -> None:
    assert "not a finite number at 1 of" in run("plot", "-e", "log(step)")[1]
    assert schedules(run, "-e", "log(step)")[0]["values"][0] is None
    out = run("plot", "-e", "log(0 - step)")[1]
    assert out.splitlines()[-1].strip().startswith("not a finite number at ")
    assert "┤" not in out


# ---- pictures


@pytest.mark.parametrize(("name", "magic"), [("p.png", b"\x89PNG"), ("p.svg", b"<?xml"), ("p.pdf", b"%PDF")])
def test_a_picture(run: Run, tmp_path: Path, name: str, magic: bytes) -> None:
    assert run("plot", "-e", f"adam({WARM})", "-o", name) == (0, f"schedules: {name}\n", "")
    assert (tmp_path / name).read_bytes().startswith(magic)


def test_a_picture_has_a_panel_for_each_curve(run: Run, tmp_path: Path) -> None:
    run("plot", "-e", f"adamw({WARM}, b1=0.9 -> linear(0.8, 10))", "-o", "p.svg")
    svg = (tmp_path / "p.svg").read_text(encoding="utf-8")
    assert "<!-- adamw.learning_rate" in svg
    assert svg.count('<g id="axes_') == 2


def test_a_picture_that_is_full_says_what_is_missing(run: Run) -> None:
    program = " | ".join(f"scale(1 -> linear(2, {steps})) as s{steps}" for steps in range(1, MOST + 3))
    status, out, _ = run("plot", "-e", f"{program} | sgd(0.1)", "-o", "p.png")
    assert status == 0
    assert out.splitlines() == [
        f"left out: s{MOST + 1}.step_size: the picture is full",
        f"left out: s{MOST + 2}.step_size: the picture is full",
        "schedules: p.png",
    ]


@pytest.mark.parametrize("name", ["p.txt", "no/p.png"])
def test_a_picture_that_cannot_be_is_refused_first(run: Run, name: str) -> None:
    status, out, err = run("plot", "-e", f"adam({WARM})", "-o", name)
    assert (status, out) == (2, "")
    assert err.startswith("optdsl plot: ")


# ---- what is wrong


def test_findings_of_a_program(run: Run) -> None:
    status, out, err = run("plot", "-e", "adam(0 -> linear(1, 10%))")
    assert (status, out) == (1, "")
    assert "error[E205]" in err
    assert "--hole" in err
    assert run("plot", "-e", "sgdd(step)")[2].startswith("error[E201]: there is no stage `sgdd`")
    assert "E204" in run("plot", "-e", "0 -> lineer(1, 10)")[2]
    assert "E102" in run("plot", "-e", "adam(")[2]
    status, out, err = run("plot", "-e", "sgdd(step)", "--json")
    assert (status, err) == (1, "")
    assert json.loads(out)["findings"][0]["code"] == "E201"


def test_wrong_usage(run: Run) -> None:
    assert run("plot")[0] == 2
    assert run("plot", "-e", WARM, "--steps", "0")[0] == 2
    assert run("plot", "-e", WARM, WARM)[0] == 2

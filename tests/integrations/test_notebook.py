"""The magics in a real kernel: what is shown, bound, refused and completed; and the notebook of the documents."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("ipykernel", reason="ipykernel is not installed")
pytest.importorskip("nbclient", reason="nbclient is not installed")

# The clients of Jupyter leave sockets and event loops to the collector, and warn of their own changes to come.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
    pytest.mark.xdist_group("kernel"),
]

ROOT = Path(__file__).parents[2]
SECONDS = 60
IMAGE = re.compile(r'(src="data:image/png;base64,)[^"]*')


class Shown(NamedTuple):
    """What a cell sent back: pages and texts that it showed, what it printed, how its error reads, and its number."""

    html: str
    text: str
    printed: str
    error: str
    count: int


class Kernel:
    """A kernel and its client."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, code: str) -> Shown:
        messages: list[Any] = []
        reply = self.client.execute_interactive(code, timeout=SECONDS, output_hook=messages.append, allow_stdin=False)
        pages = [each["content"]["data"] for each in messages if "data" in each["content"]]
        streams = [each["content"]["text"] for each in messages if each["msg_type"] == "stream"]
        errors = ["\n".join(each["content"]["traceback"]) for each in messages if each["msg_type"] == "error"]
        return Shown(
            "\n".join(page.get("text/html", "") for page in pages),
            "\n".join(page.get("text/plain", "") for page in pages),
            "".join(streams),
            "\n".join(errors),
            reply["content"]["execution_count"],
        )

    def complete(self, marked: str) -> dict[str, Any]:
        """Returns what is proposed where `^` stands."""
        at = marked.index("^")
        return self.client.complete(marked.replace("^", "", 1), at, reply=True, timeout=SECONDS)["content"]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    from jupyter_client.manager import start_new_kernel

    settings = {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "IPYTHONDIR": str(tmp_path_factory.mktemp("ipython"))}
    manager, client = start_new_kernel(startup_timeout=SECONDS, env={**os.environ, **settings})
    try:
        found = Kernel(client)
        assert found.run("%load_ext optdsl.integrations.ipython\nimport optdsl").error == ""
        yield found
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


# ---- %%optdsl


def test_a_cell_is_explained_and_bound(kernel: Kernel) -> None:
    shown = kernel.run("%%optdsl\nclip(1.0)\n| adam(0 -> linear(1e-3, 10))  # <b>{brackets} $HOME</b>\n")
    assert shown.error == shown.printed == ""
    assert "<table>" in shown.html
    assert 'src="data:image/png;base64,' in shown.html
    assert "<script" not in shown.html
    assert "<b>" not in shown.html
    assert "&lt;b&gt;{brackets} $HOME&lt;/b&gt;" in shown.html  # in the source line of the note
    assert "adam.learning_rate\n    0 -> linear(1e-3, 10)" in shown.text  # for a terminal
    assert kernel.run("print(type(opt).__name__, opt.hyperparams['clip.max_delta'])").printed == "Optimizer 1.0\n"


def test_holes_are_variables(kernel: Kernel) -> None:
    kernel.run("rate, total = 3e-4, 200")
    shown = kernel.run("%%optdsl filled\nadam(:rate -> linear(0, 50%))")
    assert "filled with variables: rate, total" in shown.text
    assert kernel.run("print(filled)").printed == "adam(3e-4 -> linear(0, 100))\n"


def test_a_total_that_nothing_asks_for_is_no_hole(kernel: Kernel) -> None:
    kernel.run("total = 'of something else'")
    shown = kernel.run("%%optdsl other\nadam(1e-3)")
    assert shown.error == ""
    assert "filled" not in shown.text


def test_a_cell_with_errors_changes_nothing(kernel: Kernel) -> None:
    kernel.run("%%optdsl kept\nsgd(0.5)")
    shown = kernel.run("%%optdsl kept\n\nclip(1.0)\n| adm(:missing_hole)")
    assert shown.error == "the program has 2 errors; no variable has changed"
    assert "error[E201]" in shown.html
    assert f"--&gt; In[{shown.count}]:4:3" in shown.html  # lines are counted from that of the magic
    assert "^^^ help: write `adam`" in shown.text
    assert "assign them in a cell before" in shown.text
    assert "Traceback" not in shown.printed + shown.text
    assert kernel.run("print(kept)").printed == "sgd(0.5)\n"


@pytest.mark.parametrize("program", ["\n\n", "adam(", "'", "# nothing", "adam(1e-3) | | clip(1)", "\x00", "é" * 9])
def test_what_does_not_parse(kernel: Kernel, program: str) -> None:
    shown = kernel.run(f"%%optdsl\n{program}")
    assert shown.error.startswith("the program has an error;")
    assert "error[E1" in shown.text
    assert "Traceback" not in shown.printed


def test_a_cell_without_a_program(kernel: Kernel) -> None:
    shown = kernel.run("%%optdsl\n")
    assert "the cell body is empty" in shown.printed  # IPython's own words
    assert "Traceback" not in shown.printed + shown.error


def test_a_warning_is_shown_before_the_page(kernel: Kernel) -> None:
    shown = kernel.run("%%optdsl warned\nclip(1.0) | adam(1e-3, b1=0.9) | clip(1.0)")
    assert "warning[" in shown.html
    assert shown.html.index("warning[") < shown.html.index("<table>")


def test_parameters_are_explained_and_checked(kernel: Kernel) -> None:
    kernel.run("import numpy\nparams = {'dense': {'kernel': numpy.ones((2, 3)), '<i>': numpy.ones(3)}}")
    shown = kernel.run("%%optdsl known --params params\nadamw(0.1, weight_decay=0.1 where kernel)")
    assert "dense/kernel" in shown.html
    assert "dense/&lt;i&gt;" in shown.html
    refused = kernel.run("%%optdsl known --params params\nadamw(0.1, weight_decay=0.1 where head/**)")
    assert refused.error.startswith("the program has an error;")
    assert "error[E402]" in refused.text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not-a-name", "`not-a-name` is no name of one"),
        ("class", "`class` is no name of one"),
        ("opt --params nowhere", "there is no variable `nowhere`"),
        ("opt more", "unrecognized arguments: more"),
        ("--nonsense", "unrecognized arguments: --nonsense"),
    ],
)
def test_a_wrong_first_line(kernel: Kernel, line: str, said: str) -> None:
    shown = kernel.run(f"%%optdsl {line}\nsgd(0.1)")
    assert said in shown.printed
    assert "Traceback" not in shown.printed + shown.error


# ---- %optdsl


def test_a_line_returns_the_optimizer(kernel: Kernel) -> None:
    assert kernel.run("rate = 0.25\nx = %optdsl sgd(:rate) where {'a': 1}\n").error != ""
    assert kernel.run(
        "rate = 0.25\nx = %optdsl match { kernel => sgd(:rate), else => sgd(1.0) }\nprint(x)"
    ).printed == ("match { kernel => sgd(0.25), else => sgd(1.0) }\n")
    shown = kernel.run("%optdsl clip(1.0) | sgd(0.1)")
    assert "<table>" in shown.html
    assert shown.text == "optdsl.compile('clip(1.0) | sgd(0.1)')"


def test_a_line_with_an_error(kernel: Kernel) -> None:
    shown = kernel.run("kept = 1\nkept = %optdsl adam(1e-3, b3=1)")
    assert "error[E202]" in shown.html
    assert shown.error == "the program has an error; no variable has changed"
    assert kernel.run("print(kept)").printed == "1\n"


# ---- completion


def test_completion_in_a_cell(kernel: Kernel) -> None:
    found = kernel.complete("%%optdsl\nclip(1.0)\n| adamw(1e-3, we^\n)")
    assert found["matches"][0] == "weight_decay="
    assert (found["cursor_start"], found["cursor_end"]) == (len("%%optdsl\nclip(1.0)\n| adamw(1e-3, "), 35)
    assert kernel.complete("%%optdsl name\ncentr^")["matches"][0].startswith("centralize")
    assert "sgd" in [match.strip("()") for match in kernel.complete("%%optdsl\nclip(1.0) | ^")["matches"]]


def test_completion_of_the_leaves_of_parameters(kernel: Kernel) -> None:
    kernel.run("leafy = {'head': {'kernel': 1.0}, 'body': 2.0}")
    assert kernel.complete("%%optdsl --params leafy\nsgd(0.1) where he^")["matches"][:2] == ["head/**", "head/kernel"]
    assert "head/**" not in kernel.complete("%%optdsl --params nowhere\nsgd(0.1) where he^")["matches"]


def test_completion_in_a_line(kernel: Kernel) -> None:
    found = kernel.complete("x = 1\nopt = %optdsl clip(1.0) | adam(1e-3, ep^\nprint(x)")
    assert found["matches"][:2] == ["eps=", "eps_root="]
    assert kernel.complete("%optdsl cen^")["matches"][0].startswith("centralize")


def test_completion_elsewhere_is_left_alone(kernel: Kernel) -> None:
    # IPython's own completion gives up after a while on a busy machine, so it is asked more than once.
    assert any("print" in kernel.complete("pri^")["matches"] for _ in range(5))
    assert "weight_decay=" not in kernel.complete("x = 'adamw(we^'")["matches"]
    assert "%%optdsl" in kernel.complete("%%optd^")["matches"]


# ---- display


def test_lists_of_findings_and_of_other_things(kernel: Kernel) -> None:
    assert "error[E201]" in kernel.run("optdsl.check('adm(1) # <b>')").html
    assert kernel.run("[1, 2]").html == ""
    assert kernel.run("[]").html == ""


def test_programs_show_themselves(kernel: Kernel) -> None:
    shown = kernel.run("optdsl.parse('adam(:rate)  # <script>')")
    assert "holes:" in shown.html
    assert "<script" not in shown.html


def test_the_extension_can_be_unloaded(kernel: Kernel) -> None:
    assert kernel.run("%unload_ext optdsl.integrations.ipython").error == ""
    try:
        assert "not found" in kernel.run("%optdsl sgd(0.1)").printed
        assert kernel.run("optdsl.check('adm(1)')").html == ""
        assert "weight_decay=" not in kernel.complete("%%optdsl\nadamw(we^")["matches"]
    finally:
        kernel.run("%load_ext optdsl.integrations.ipython")
    assert kernel.run("x = %optdsl sgd(0.1)").error == ""


# ---- the notebook of the documents


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import write_notebook

    yield write_notebook
    sys.modules.pop("write_notebook")


def without_pictures(notebook: Any) -> list[Any]:
    """Returns the cells with what they showed, less the bytes of pictures, which depend on fonts."""
    cells = [dict(cell) for cell in notebook.cells]
    for cell in cells:
        for output in cell.get("outputs", ()):
            if "text/html" in output.get("data", {}):
                output["data"]["text/html"] = IMAGE.sub(r"\1", output["data"]["text/html"])
    return cells


def test_the_notebook_is_what_its_cells_show(writer: Any) -> None:
    import nbformat

    stored = nbformat.read(writer.NOTEBOOK, as_version=4)
    nbformat.validate(stored)
    fresh = nbformat.from_dict(writer.executed())
    assert fresh.metadata == stored.metadata
    assert without_pictures(fresh) == without_pictures(stored), "run `python tools/write_notebook.py`"


def test_the_page_is_the_notebook(writer: Any) -> None:
    import nbformat

    found = writer.page(nbformat.read(writer.NOTEBOOK, as_version=4))
    assert writer.PAGE.read_text(encoding="utf-8") == found.text, "run `python tools/write_notebook.py`"
    folder = writer.PAGE.parent
    assert {path.name: path.read_bytes() for path in folder.glob("notebook.*.png")} == found.pictures
    assert len(found.pictures) >= 2
    assert "<script" not in found.text

"""What arrives of a program, host by host and style by style; the tables of docs/config.md, cell by cell."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from config_examples import ROOT

pytest.importorskip("pydantic", reason="the tables are about all hosts, and pydantic is not installed")
pytest.importorskip("jsonargparse", reason="the tables are about all hosts, and jsonargparse is not installed")
pytest.importorskip("tyro", reason="the tables are about all hosts, and tyro is not installed")
pytest.importorskip("draccus", reason="the tables are about all hosts, and draccus is not installed")
pytest.importorskip("hydra", reason="the tables are about all hosts, and Hydra is not installed")
pytest.importorskip("ml_collections", reason="the tables are about all hosts, and ml_collections is not installed")

from config_hosts import COMMANDS, JSON, ONE, TOML, TRAPS, TWO, YAML, Format
from omegaconf import OmegaConf

import optdsl

PAGE = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")


def outcome(arrives: Callable[[], Any], text: str) -> str:
    """Returns in a word what became of `text`; `refused` where the host or the language says no."""
    try:
        found = arrives()
    except (Exception, SystemExit):
        return "refused"
    if found == text:
        return "same"
    if not isinstance(found, str):
        return "refused"
    if found == text + "\n":
        return "+ newline"
    if found.split() == text.split():
        return "joined"
    return "**cut**" if text.startswith(found.rstrip()) else "**changed**"


def read_by(host: str, format: Format, style: str, text: str, folder: Path) -> str:
    """Returns the outcome of writing `text` in a style and reading it with a host."""

    def arrives() -> str:
        file = folder / f"train.{format.suffix}"
        file.write_text(format.line.format(format.styles[style](text)), encoding="utf-8")
        found = format.hosts[host](file)
        assert isinstance(found, str), "what is no string is no program"
        return found

    return outcome(arrives, text)


# ---- the tables


def table(first: str, columns: list[str], rows: Mapping[str, list[str]]) -> str:
    """Returns a table of Markdown."""
    lines = [[first, *columns], ["---"] * (len(columns) + 1), *([name, *cells] for name, cells in rows.items())]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def hosts_and_styles(format: Format, folder: Path) -> str:
    rows = {
        host: [
            " / ".join(dict.fromkeys(read_by(host, format, style, text, folder) for text in (ONE, TWO)))
            for style in format.styles
        ]
        for host in format.hosts
    }
    return table("host", list(format.styles), rows)


def traps_and_styles(format: Format, folder: Path) -> str:
    """Returns what becomes of each trap; the hosts of a format agree, or are listed by name."""
    rows = {
        trap: [
            agreed({host: read_by(host, format, style, text, folder) for host in format.hosts})
            for style in format.styles
        ]
        for trap, text in TRAPS.items()
    }
    return table("in the program", list(format.styles), rows)


def agreed(outcomes: Mapping[str, str]) -> str:
    kinds = sorted(set(outcomes.values()), key=list(outcomes.values()).count, reverse=True)
    others = [f"{kind} by {', '.join(h for h, o in outcomes.items() if o == kind)}" for kind in kinds[1:]]
    return "; ".join([kinds[0], *others])


def commands(_: Path) -> str:
    rows = {
        host: [outcome(lambda read=read, text=text: read(text), text) for text in TRAPS.values()]
        for host, read in COMMANDS.items()
    }
    return table("host", list(TRAPS), rows)


TABLES: dict[str, Callable[[Path], str]] = {
    "yaml": lambda folder: hosts_and_styles(YAML, folder),
    "toml": lambda folder: hosts_and_styles(TOML, folder),
    "json": lambda folder: hosts_and_styles(JSON, folder),
    "traps in yaml": lambda folder: traps_and_styles(YAML, folder),
    "traps in toml": lambda folder: traps_and_styles(TOML, folder),
    "command line": commands,
}


def published(name: str) -> str:
    found = re.search(rf"<!-- table: {name} -->\n\n(.*?)\n\n", PAGE, re.DOTALL)
    assert found, f"docs/config.md has no table `{name}`"
    return found[1] + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_the_published_table_is_what_happens(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = TABLES[name](tmp_path)
    capsys.readouterr()  # what refusing hosts print
    assert published(name) == found, f"the table should be\n{found}"


def test_the_words_of_the_tables() -> None:
    assert outcome(lambda: "a b\n", "a b") == "+ newline"
    assert outcome(lambda: "a b", "a\nb") == "joined"
    assert outcome(lambda: "a", "a  # b") == "**cut**"
    assert outcome(lambda: "b", "a") == "**changed**"
    assert outcome(lambda: {"a": 1}, "a") == "refused"
    assert outcome(lambda: 1 / 0, "a") == "refused"


def test_in_a_flow_mapping_a_comma_ends_plain_text() -> None:
    assert yaml.safe_load("{optimizer: adam(1e-3, b1=0.9)}") == {"optimizer": "adam(1e-3", "b1=0.9)": None}
    assert yaml.safe_load('{optimizer: "adam(1e-3, b1=0.9)"}') == {"optimizer": "adam(1e-3, b1=0.9)"}


def test_a_number_without_a_dot_is_a_string_to_pyyaml() -> None:
    assert yaml.safe_load("[1e-3, 1.0e-3, 0.001]") == ["1e-3", 1e-3, 1e-3]
    assert OmegaConf.create("[1e-3]") == [1e-3]


def test_a_mark_directly_behind_the_key_begins_a_block() -> None:
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load("optimizer: | adam(1e-3)")


def test_programs_take_double_quotes_for_the_shell_and_hydra_takes_them_escaped() -> None:
    text = 'freeze where path ~ "bias$" | adam(1e-3)'
    assert optdsl.Program(text) == optdsl.Program(text.replace('"', "'"))
    assert COMMANDS['Hydra `optimizer="TEXT"`'](text) == text


def test_pyyaml_refuses_programs_or_writes_objects_before_they_are_registered() -> None:
    program = optdsl.Program(ONE)
    with pytest.raises(yaml.YAMLError):
        yaml.dump(program, Dumper=without_programs(yaml.SafeDumper))
    assert "python/object" in yaml.dump(program, Dumper=without_programs(yaml.Dumper))


def without_programs(dumper: Any) -> Any:
    known = {kind: how for kind, how in dumper.yaml_representers.items() if kind is not optdsl.Program}
    return type("Dumper", (dumper,), {"yaml_representers": known})

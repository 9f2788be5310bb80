"""`Program` as a value: made of a text, printed, compared, copied, pickled, written; and found again in files."""

import argparse
import copy
import dataclasses
import json
import os
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from config_examples import BAD, GOOD, PLACES, ROOT, WRONG
from hypothesis import given
from hypothesis import strategies as st

import optdsl
from optdsl.integrations import InvalidProgram, load, reading
from optdsl.integrations.json import default
from optdsl.integrations.yaml import register

TEXTS = (
    GOOD,
    "clip(1.0)\n| adam(:rate ?? 1e-3)\n",
    "sgd(piecewise_constant_schedule(0.1, {1k: 0.5}))",
    "freeze where path ~ 'bias$' | polyak_sgd(variant='sps')",
    "match { bias => freeze, else => adam(1e-3) }  # größer",
)


@pytest.mark.parametrize("text", TEXTS)
def test_the_text_is_kept(text: str) -> None:
    program = optdsl.Program(text)
    assert program.text == text
    assert str(program) == optdsl.format(text)
    assert program == optdsl.parse(text)
    assert hash(program) == hash(optdsl.parse(text))
    assert eval(repr(program), {"optdsl": optdsl}) == program


def test_a_program_of_a_program_is_the_same() -> None:
    program = optdsl.Program(GOOD).replace({"adam.b1": 0.8})
    assert optdsl.Program(program) == program
    assert optdsl.Program(program).text == program.text


def test_layout_does_not_matter_for_equality_but_meaning_does() -> None:
    assert optdsl.Program("clip(1.0)|adam(1e-3)") == optdsl.Program(GOOD)
    assert optdsl.Program("clip(1.0)|adam(1e-3)") != optdsl.Program("clip(1.0)|adam(2e-3)")
    assert optdsl.Program("adam(1e-3)") != optdsl.Program("adam(1e-3)").replace({"adam.b1": 0.8})
    assert optdsl.Program("adam(1e-3)") != "adam(1e-3)"


@pytest.mark.parametrize("text", TEXTS)
def test_copies_and_pickles_are_equal(text: str) -> None:
    program = optdsl.Program(text).replace({"a": 1}).replace({"a": 2})
    assert copy.copy(program) == copy.deepcopy(program) == program
    again = pickle.loads(pickle.dumps(program))
    assert again == program
    assert again.source.text == text


def test_a_program_does_not_change() -> None:
    program = optdsl.Program("adam(1e-3)")
    with pytest.raises(AttributeError, match="replace"):
        program.source = program.source  # pyright: ignore
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del program.body  # pyright: ignore


def test_what_walks_over_dataclasses_does_not_walk_into_it() -> None:
    @dataclasses.dataclass
    class Train:
        optimizer: optdsl.Program

    train = Train(optdsl.Program(GOOD))
    assert dataclasses.asdict(train) == {"optimizer": train.optimizer}


def test_values_put_over_a_program_are_in_its_text() -> None:
    program = optdsl.Program("clip(1.0) | adam(1e-3)").replace({"adam.b1": 0.8})
    assert optdsl.Program(program.text) == optdsl.Program("clip(max_delta=1.0) | adam(learning_rate=1e-3, b1=0.8)")
    assert ".replace({'adam.b1': 0.8})" in repr(program)


def test_no_text_says_what_a_hole_with_values_beside_it_means() -> None:
    with pytest.raises(ValueError, match="`:rate` is not filled"):
        _ = optdsl.Program("adam(:rate)").replace({"adam.b1": 0.8}).text


@pytest.mark.parametrize("text", ["adam(:rate)", "adam(0 -> linear(1e-3, 5%))", "centralize when :gc | adam(1e-3)"])
def test_holes_are_filled_later(text: str) -> None:
    assert optdsl.Program(text).text == text


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("adm(1e-3) | adam(:rate", ["E102"]),
        ("clip(1.0) | adm(:rate)", ["E201"]),
        ("adam(-1e-3) | adm(1)", ["E222", "E201"]),
        ("", ["E106"]),
        ("clip(1.0)", ["E302"]),
    ],
)
def test_what_is_wrong_is_said_at_once(text: str, codes: list[str]) -> None:
    with pytest.raises(InvalidProgram) as caught:
        optdsl.Program(text)
    assert [finding.code for finding in caught.value.diagnostics] == codes
    assert "^" in str(caught.value)
    assert "^" in repr(caught.value)


def test_a_fragment_says_that_it_is_one() -> None:
    assert optdsl.Program("clip(1.0)  # allow: E302").text == "clip(1.0)  # allow: E302"


def test_the_error_is_of_all_types_that_hosts_look_for() -> None:
    with pytest.raises(InvalidProgram) as caught:
        optdsl.Program(BAD)
    assert isinstance(caught.value, optdsl.OptdslError)
    assert isinstance(caught.value, argparse.ArgumentTypeError)
    assert isinstance(caught.value, ValueError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("value", [None, 1, {"adam": 1}, ["adam"]])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="one string"):
        optdsl.Program(value)  # pyright: ignore


@pytest.mark.parametrize("dump", [yaml.dump, yaml.safe_dump])
@pytest.mark.parametrize("text", TEXTS)
def test_yaml_writes_what_it_reads(dump: type, text: str) -> None:
    register()
    written = dump({"optimizer": optdsl.Program(text)})
    assert yaml.safe_load(written) == {"optimizer": text}
    assert "python" not in written


@pytest.mark.parametrize("text", TEXTS)
def test_json_writes_what_it_reads(text: str) -> None:
    assert json.loads(json.dumps({"optimizer": optdsl.Program(text)}, default=default)) == {"optimizer": text}


def test_json_of_other_objects_is_refused_as_ever() -> None:
    with pytest.raises(TypeError, match="object is not JSON serializable"):
        json.dumps(object(), default=default)


@pytest.mark.parametrize("name", WRONG)
def test_an_error_in_a_file_names_its_place(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(WRONG[name], encoding="utf-8")
    with pytest.raises(InvalidProgram) as caught:
        load(name, "optimizer")
    assert f"--> {PLACES[name]}\n" in str(caught.value)
    with reading(name), pytest.raises(InvalidProgram) as again:
        optdsl.Program(value_of(name))
    assert str(again.value) == str(caught.value)
    with pytest.raises(InvalidProgram, match="<program>"):
        optdsl.Program(value_of(name))


def value_of(name: str) -> str:
    readers = {".yaml": yaml.safe_load, ".toml": tomllib.loads, ".json": json.loads}
    return readers[Path(name).suffix](Path(name).read_text(encoding="utf-8"))["optimizer"]


def test_an_error_that_is_found_late_names_the_place_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text("a: 1\noptimizer: |\n  clip(1.0)\n  | adam(:rate)\n", encoding="utf-8")
    with pytest.raises(optdsl.OptdslError, match=r"--> c.yaml:4:10"):
        optdsl.compile(load("c.yaml", "optimizer"))
    assert str(optdsl.check(pickle.loads(pickle.dumps(load("c.yaml", "optimizer"))))[0].span) == "c.yaml:4:10"


def test_of_equal_programs_in_a_file_the_key_decides(tmp_path: Path) -> None:
    from optdsl.integrations.field import program

    file = tmp_path / "c.yaml"
    file.write_text("a: {optimizer: adm(1)}\nb:\n  spec: adm(1)\n", encoding="utf-8")
    for key, line in (("b.spec", 3), ("spec", 3), ("optimizer", 1), ("", 1)):
        with reading(file), pytest.raises(InvalidProgram, match=rf"c.yaml:{line}:"):
            program("adm(1)", key)


@pytest.mark.parametrize(
    ("name", "key", "message"),
    [
        ("c.yaml", "optimizr", "has nothing at `optimizr`: write `optimizer`"),
        ("c.yaml", "steps", "has a number at `steps`, not a string"),
        ("c.txt", "optimizer", "ends in none of .yaml, .yml, .toml, .json"),
        ("c.toml", "optimizer", "is not TOML"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_a_line(name: str, key: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("optimizer: adam(1e-3)\nsteps: 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load(tmp_path / name, key)


def test_files_of_other_kinds_and_broken_ones_are_left_to_their_hosts(tmp_path: Path) -> None:
    (tmp_path / "c.py").write_text("optimizer = 'adam(1e-3)'\n", encoding="utf-8")
    (tmp_path / "c.json").write_text("{", encoding="utf-8")
    with reading(tmp_path / "c.py", tmp_path / "c.json"):
        assert str(optdsl.Program("adam(1e-3)").source.span(optdsl.Program("adam(1e-3)").body.span)) == "<program>:1:1"


@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4), st.sampled_from([None, "|", ">", "'", '"']))
def test_whatever_pyyaml_writes_is_found_again(texts: list[str], style: str | None) -> None:
    from optdsl.integrations import places
    from optdsl.source import Source

    written = yaml.safe_dump({"deep": {"programs": texts}}, default_style=style, allow_unicode=True)
    token = places._FILES.set((Source(written, "c.yaml"),))
    try:
        for number, text in enumerate(texts):
            found = places.place(text, f"deep.programs.{number}")
            assert found.text == text
            assert found.origin is not None
            assert found.origin.key == f"deep.programs.{number}"
    finally:
        places._FILES.reset(token)


def test_no_host_is_imported_with_optdsl() -> None:
    hosts = "pydantic_core jsonargparse tyro draccus omegaconf hydra ml_collections absl yaml jax"
    code = (
        "import optdsl, sys, copy\nfrom optdsl.integrations import load, reading\nimport optdsl.integrations.json\n"
        "program = optdsl.Program('adam(1e-3)')\nstr(program), repr(program), hash(program), copy.copy(program)\n"
        f"print('loaded:', *sorted(set({hosts.split()!r}) & sys.modules.keys()))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "loaded:\n", done.stderr

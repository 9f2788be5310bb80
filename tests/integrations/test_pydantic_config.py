"""A program as a field of pydantic: validated, dumped, described by a JSON schema, wrong at its field."""

import json
from pathlib import Path
from typing import Any

import pytest
from config_examples import BAD, GOOD, PLACES, WRONG, refused, run

import optdsl

pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")

from optdsl.integrations.pydantic import file  # noqa: E402 - imports pydantic


class Inner(pydantic.BaseModel):
    spec: optdsl.Program = optdsl.Program("adam(1e-3)")


class Train(pydantic.BaseModel):
    optimizer: optdsl.Program
    inner: Inner = Inner()
    several: tuple[optdsl.Program, ...] = ()
    maybe: optdsl.Program | None = None


def errors(data: Any, **more: Any) -> dict[tuple[Any, ...], str]:
    with pytest.raises(pydantic.ValidationError) as caught:
        Train.model_validate(data, **more)
    return {error["loc"]: error["msg"] for error in caught.value.errors()}


def test_a_good_program_comes_back_unchanged() -> None:
    train = Train.model_validate({"optimizer": GOOD, "several": [GOOD], "maybe": optdsl.Program(GOOD)})
    assert train.optimizer == optdsl.Program(GOOD)
    written = {"optimizer": GOOD, "inner": {"spec": "adam(1e-3)"}, "several": [GOOD], "maybe": GOOD}
    assert train.model_dump(mode="json") == written == json.loads(train.model_dump_json())
    assert train.model_dump()["optimizer"] is train.optimizer
    assert Train.model_validate_json(train.model_dump_json()) == train
    assert train.model_copy(deep=True) == train


def test_a_bad_program_is_an_error_at_its_field() -> None:
    found = errors({"optimizer": BAD, "inner": {"spec": "adam("}, "several": [GOOD, BAD]})
    assert list(found) == [("optimizer",), ("inner", "spec"), ("several", 1)]
    assert found["optimizer",].splitlines() == [
        "error[E201]: there is no stage `adm`",
        "    --> optimizer:1:13",
        "     |",
        "   1 | clip(1.0) | adm(1e-3)",
        "     |             ^^^ help: write `adam`",
    ]


def test_the_findings_are_there_as_data() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        Train(optimizer=BAD)  # pyright: ignore
    error = caught.value.errors()[0]
    assert error["type"] == "optdsl"
    assert [finding["code"] for finding in error["ctx"]["findings"]] == ["E201"]
    assert json.loads(caught.value.json())[0]["ctx"]["findings"][0]["span"]["column"] == 13


@pytest.mark.parametrize("value", [1, {"adam": 1}, None])
def test_what_is_no_text_is_said_to_be_none(value: Any) -> None:
    assert errors({"optimizer": value}) == {
        ("optimizer",): f"a program is one string, not a {type(value).__name__}: put it in quotes"
    }


@pytest.mark.parametrize("name", WRONG)
def test_with_the_file_as_context_errors_point_into_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(WRONG[name], encoding="utf-8")
    with pytest.raises(ValueError, match="there is no stage") as caught:
        optdsl.integrations.load(name, "optimizer")
    text = caught.value.diagnostics[0].source.text  # pyright: ignore
    assert f"--> {PLACES[name]}\n" in errors({"optimizer": text}, context=file(name))["optimizer",]


def test_the_schema_says_what_a_program_is() -> None:
    schema = Train.model_json_schema()
    field = schema["properties"]["optimizer"]
    assert field["type"] == "string"
    assert "chain of stages" in field["description"]
    for example in field["examples"]:
        assert optdsl.Program(example).text == example
    assert schema["$defs"]["Inner"]["properties"]["spec"]["default"] == "adam(1e-3)"
    assert Train.model_json_schema(mode="serialization")["properties"]["optimizer"]["type"] == "string"


def test_the_description_of_the_field_comes_first() -> None:
    class Described(pydantic.BaseModel):
        optimizer: optdsl.Program = pydantic.Field(description="mine", examples=["sgd(0.1)"])

    field = Described.model_json_schema()["properties"]["optimizer"]
    assert (field["description"], field["examples"]) == ("mine", ["sgd(0.1)"])


def test_without_a_model() -> None:
    adapter = pydantic.TypeAdapter(dict[str, optdsl.Program])
    assert adapter.dump_python(adapter.validate_python({"a": GOOD}), mode="json") == {"a": GOOD}


@pytest.mark.slow
def test_the_example(tmp_path: Path) -> None:
    done = run(tmp_path, "pydantic", "train.yaml")
    assert done.status == 0, done.err
    assert '"optimizer":"clip_norm(1.0)  # before the moments\\n| centralize\\n' in done.out
    refused(run(tmp_path, "pydantic", "bad.yaml"), "bad.yaml:4:5")

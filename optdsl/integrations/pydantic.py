"""Integrations, pydantic 2: what `Program` answers when a model has it as a field.

It knows the schemas of pydantic, and the file of a field where the validation context names one: `context=file(...)`.
"""

from typing import Any

from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core import core_schema as schemas

from optdsl.integrations.field import DESCRIPTION, EXAMPLES, InvalidProgram, not_text, program, shown
from optdsl.integrations.places import reading
from optdsl.syntax.ast import Program

_FILE = "optdsl.file"


def file(path: str) -> dict[str, str]:
    """Returns the context that tells a validation which file its data comes from.

    Config.model_validate(data, context=file("config.yaml"))
    """
    return {_FILE: path}


def core_schema() -> CoreSchema:
    """Returns how a program is validated, from text or as it is, and written: as text in JSON, as it is in Python."""
    return schemas.with_info_plain_validator_function(
        _validated, serialization=schemas.plain_serializer_function_ser_schema(_text, when_used="json")
    )


def json_schema() -> dict[str, Any]:
    """Returns what a JSON schema says of a program."""
    return {"type": "string", "description": DESCRIPTION, "examples": list(EXAMPLES)}


def _validated(value: object, info: schemas.ValidationInfo) -> Program:
    if not isinstance(value, str | Program):
        raise PydanticCustomError("optdsl_type", "{problem}", {"problem": not_text(value)})
    context: Any = info.context
    path: str | None = context.get(_FILE) if hasattr(context, "get") else None
    try:
        with reading(*([path] if path else [])):
            return program(value, info.field_name or "")
    except InvalidProgram as error:
        findings = [finding.to_dict() for finding in error.diagnostics]
        raise PydanticCustomError(
            "optdsl", "{problem}", {"problem": shown(error, "  "), "findings": findings}
        ) from None


def _text(value: Program) -> str:
    return value.text

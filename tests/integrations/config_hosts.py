"""The hosts of the tables, what each is given and what arrives; the styles of their files; the traps."""

import argparse
import json
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import jsonargparse
import ml_collections
import pydantic
import tyro
import yaml
from absl import flags
from hydra import compose, initialize_config_dir
from ml_collections import config_flags
from omegaconf import OmegaConf

import optdsl
from optdsl.integrations import draccus as draccus_hooks
from optdsl.integrations import jsonargparse as jsonargparse_hooks
from optdsl.integrations import ml_collections as ml_collections_hooks
from optdsl.integrations import tyro as tyro_hooks

ONE = "clip(1.0) | adam(1e-3)"
TWO = "clip(1.0)\n| adam(1e-3)"


@dataclass
class Train:
    optimizer: optdsl.Program


class Model(pydantic.BaseModel):
    optimizer: optdsl.Program


# ---- hosts that read files: text of a file in, the program's text out


def by_pyyaml(file: Path) -> str:
    return yaml.safe_load(file.read_text(encoding="utf-8"))["optimizer"]


def by_pydantic(file: Path) -> str:
    return Model.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))).optimizer.text


def by_pydantic_json(file: Path) -> str:
    return Model.model_validate_json(file.read_text(encoding="utf-8")).optimizer.text


def by_jsonargparse(file: Path) -> str:
    jsonargparse_hooks.register()
    parser = jsonargparse.ArgumentParser(exit_on_error=False, parser_mode=file.suffix[1:])
    parser.add_argument("--config", action=jsonargparse_hooks.ConfigFile)
    parser.add_argument("--optimizer", type=optdsl.Program)
    return parser.parse_args(["--config", str(file)]).optimizer.text


def by_draccus(file: Path) -> str:
    return draccus_hooks.parse(Train, config_path=file, args=[], exit_on_error=False).optimizer.text


def by_omegaconf(file: Path) -> str:
    return optdsl.Program(OmegaConf.load(file).optimizer).text


def by_hydra(file: Path) -> str:
    with initialize_config_dir(str(file.parent), version_base=None):
        return optdsl.Program(compose(file.stem).optimizer).text


def by_tomllib(file: Path) -> str:
    return tomllib.loads(file.read_text(encoding="utf-8"))["optimizer"]


def by_json(file: Path) -> str:
    return json.loads(file.read_text(encoding="utf-8"))["optimizer"]


Reader = Callable[[Path], str]
YAML_HOSTS: dict[str, Reader] = {
    "PyYAML": by_pyyaml,
    "pydantic, from PyYAML": by_pydantic,
    "jsonargparse": by_jsonargparse,
    "draccus": by_draccus,
    "OmegaConf": by_omegaconf,
    "Hydra": by_hydra,
}
TOML_HOSTS: dict[str, Reader] = {"tomllib": by_tomllib, "jsonargparse": by_jsonargparse, "draccus": by_draccus}
JSON_HOSTS: dict[str, Reader] = {
    "json": by_json,
    "pydantic": by_pydantic_json,
    "jsonargparse": by_jsonargparse,
    "draccus": by_draccus,
}

# ---- styles: a program's text in, the text of a file out, as a person would write it


def indented(text: str) -> str:
    return "".join(f"\n  {line}" for line in text.split("\n"))


Writer = Callable[[str], str]
YAML_STYLES: dict[str, Writer] = {
    "plain": lambda text: text.replace("\n", "\n  "),
    "`'...'`": lambda text: "'" + text.replace("'", "''").replace("\n", "\n  ") + "'",
    '`"..."`': lambda text: json.dumps(text, ensure_ascii=False),
    "block `|`": lambda text: "|" + indented(text),
    "block `|-`": lambda text: "|-" + indented(text),
    "folded `>`": lambda text: ">" + indented(text),
    "folded `>-`": lambda text: ">-" + indented(text),
}
TOML_STYLES: dict[str, Writer] = {
    '`"..."`': lambda text: json.dumps(text, ensure_ascii=False),
    "`'...'`": lambda text: f"'{text}'",
    '`"""..."""`': lambda text: '"""\n' + text.replace("\\", "\\\\") + '"""',
    "`'''...'''`": lambda text: f"'''\n{text}'''",
}
JSON_STYLES: dict[str, Writer] = {'`"..."`': json.dumps}


class Format(NamedTuple):
    """How a file is named, its key written, by whom it is read, and in which styles."""

    suffix: str
    line: str
    hosts: Mapping[str, Reader]
    styles: Mapping[str, Writer]


YAML = Format("yaml", "optimizer: {}\n", YAML_HOSTS, YAML_STYLES)
TOML = Format("toml", "optimizer = {}\n", TOML_HOSTS, TOML_STYLES)
JSON = Format("json", '{{"optimizer": {}}}\n', JSON_HOSTS, JSON_STYLES)


# ---- the command line: the argument as the process gets it, after the shell


def by_argparse(arguments: list[str]) -> str:
    parser = argparse.ArgumentParser()
    parser.add_argument("--optimizer", type=optdsl.Program)
    return parser.parse_args(arguments).optimizer.text


def by_jsonargparse_flag(arguments: list[str]) -> str:
    jsonargparse_hooks.register()
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--optimizer", type=optdsl.Program)
    return parser.parse_args(arguments).optimizer.text


def by_tyro(arguments: list[str]) -> str:
    return tyro.cli(Train, args=arguments, registry=tyro_hooks.registry()).optimizer.text


def by_draccus_flag(arguments: list[str]) -> str:
    return draccus_hooks.parse(Train, args=arguments, exit_on_error=False).optimizer.text


def by_absl(text: str) -> str:
    ml_collections_hooks.register()
    values = flags.FlagValues()
    config = ml_collections.ConfigDict({"optimizer": optdsl.Program(ONE)})
    before, sys.argv = sys.argv, ["train", f"--config.optimizer={text}"]
    try:
        holder = config_flags.DEFINE_config_dict("config", config, flag_values=values)
        values(sys.argv)
    finally:
        sys.argv = before
    return holder.value.optimizer.text


def by_dotlist(text: str) -> str:
    return optdsl.Program(OmegaConf.from_dotlist([f"optimizer={text}"]).optimizer).text


def by_override(quoted: Callable[[str], str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        with TemporaryDirectory() as folder:
            (Path(folder) / "base.yaml").write_text("optimizer: sgd(0.1)\n", encoding="utf-8")
            with initialize_config_dir(folder, version_base=None):
                return optdsl.Program(compose("base", overrides=[f"optimizer={quoted(text)}"]).optimizer).text

    return read


COMMANDS: dict[str, Callable[[str], str]] = {
    "argparse `--optimizer TEXT`": lambda text: by_argparse(["--optimizer", text]),
    "jsonargparse `--optimizer TEXT`": lambda text: by_jsonargparse_flag(["--optimizer", text]),
    "tyro `--optimizer TEXT`": lambda text: by_tyro(["--optimizer", text]),
    "draccus `--optimizer TEXT`": lambda text: by_draccus_flag(["--optimizer", text]),
    'draccus `--optimizer "TEXT"`': lambda text: by_draccus_flag(["--optimizer", json.dumps(text)]),
    "ml_collections `--config.optimizer=TEXT`": by_absl,
    "OmegaConf `optimizer=TEXT`": by_dotlist,
    'OmegaConf `optimizer="TEXT"`': lambda text: by_dotlist(json.dumps(text)),
    "Hydra `optimizer=TEXT`": by_override(lambda text: text),
    'Hydra `optimizer="TEXT"`': by_override(lambda text: '"' + text.replace('"', '\\"') + '"'),
}

TRAPS = {
    "`|`": ONE,
    "` #`": "clip(1.0) | adam(1e-3)  # why",
    "two lines": TWO,
    "a comment, then a line": "clip(1.0)  # why\n| adam(1e-3)",
    "`: `": "sgd(piecewise_constant_schedule(0.1, {1k: 0.5}))",
    "`:hole`": "adam(:rate)",
    "`:hole` first": ":mine | adam(1e-3)",
    "`,` and `=`": "adam(1e-3, b1=0.9)",
    "`{ }`": "match { bias => freeze, else => adam(1e-3) }",
    "`'...'`": "freeze where path ~ 'bias$' | adam(1e-3)",
    "`\\`": "freeze where path ~ 'a\\.b' | adam(1e-3)",
    "`${ }`": "adam(1e-3)  # ${rate}",
}

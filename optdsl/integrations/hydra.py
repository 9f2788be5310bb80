"""Integrations, Hydra: programs of a job's config, which know the file or the override that they came from.

The resolver and `program` are those of OmegaConf, with the files that Hydra composed the config of.
"""

from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException
from omegaconf import DictConfig, OmegaConf

from optdsl import api
from optdsl.integrations import omegaconf
from optdsl.integrations.field import InvalidProgram
from optdsl.integrations.field import program as program_of
from optdsl.integrations.places import reading
from optdsl.syntax.ast import Program

_FILE = "file"


class InvalidField(InvalidProgram, CompactHydraException):
    """Raised for a value that holds no program; Hydra prints what it says, and no traceback."""


def register() -> None:
    """Registers the resolver `${optdsl:${spec}}`; to be called before `hydra.main` runs."""
    omegaconf.register()
    OmegaConf.register_new_resolver("optdsl", _resolved, replace=True)


def program(config: DictConfig, key: str) -> Program:
    """Returns the program at `key` of a job's config.

    Raises `InvalidField`, and else as `optdsl.integrations.omegaconf.program`.
    """
    with reading(*files()):
        try:
            return omegaconf.program(config, key)
        except InvalidProgram as error:
            raise InvalidField(error.diagnostics) from None


def compile(text: str | Program, **more: Any) -> Any:
    """Returns the optimizer that a program means: what `_target_` may name in place of `optdsl.compile`.

    Errors point into the files of the job. Raises `InvalidProgram`, and `OptdslError` on a wrong hole.
    """
    return api.compile(_resolved(text), **more)


def files() -> tuple[Path, ...]:
    """Returns the files that the config of the running job was composed of; none outside of a job."""
    if not HydraConfig.initialized():
        return ()
    job: Any = HydraConfig.get()
    folders = [Path(source.path) for source in job.runtime.config_sources if source.schema == _FILE]
    names = [str(job.job.config_name).removesuffix(".yaml")]
    names += [f"{group.partition('@')[0]}/{choice}" for group, choice in job.runtime.choices.items()]
    candidates = (folder / f"{name}.yaml" for name in names for folder in folders)
    return tuple(path for path in candidates if path.is_file())


def _resolved(text: object) -> Program:
    with reading(*files()):
        return program_of(text)

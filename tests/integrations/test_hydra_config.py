"""Programs in Hydra: files, groups, overrides, multirun and `instantiate`, run as an application is."""

from pathlib import Path

import pytest
from config_examples import Done, refused, run

import optdsl

pytest.importorskip("hydra", reason="Hydra is not installed")

from hydra import compose, initialize_config_dir
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from optdsl.integrations.hydra import files, program, register

pytestmark = pytest.mark.slow


def hydra(folder: Path, *arguments: str) -> Done:
    return run(folder, "hydra", *arguments)


def test_the_example(tmp_path: Path) -> None:
    done = hydra(tmp_path)
    assert done.out.splitlines() == [
        "program: clip_norm(1.0) | adam(0 -> linear(3e-4, 5) -> cosine(0, 95))",
        "optimizer: clip(1.0) | adam(1e-3)",
    ], done.err


def test_overrides(tmp_path: Path) -> None:
    done = hydra(tmp_path, "optimizer=sgd", 'program="clip(1.0) | adam(:rate, b1=0.95)"', "rate=0.25")
    assert done.out.splitlines() == [
        "program: clip(1.0) | adam(0.25, b1=0.95)",
        "optimizer: sgd(0.1, momentum=0.9)",
    ], done.err


def test_multirun_over_programs(tmp_path: Path) -> None:
    done = hydra(tmp_path, "--multirun", 'program="adam(1e-3, b1=0.8)","clip(1.0) | sgd(0.1)"', "optimizer=adam,sgd")
    programs = [line for line in done.out.splitlines() if line.startswith("program:")]
    assert programs == [
        *["program: adam(1e-3, b1=0.8)"] * 2,
        *["program: clip(1.0) | sgd(0.1)"] * 2,
    ], done.err


def test_a_wrong_program_in_the_file(tmp_path: Path) -> None:
    hydra_file = tmp_path / "conf" / "train.yaml"
    hydra(tmp_path)
    hydra_file.write_text(hydra_file.read_text().replace("adam(0", "adm(0"))
    refused(run_again(tmp_path), f"{hydra_file}:8:5")


def test_a_wrong_program_in_a_group(tmp_path: Path) -> None:
    hydra(tmp_path)
    file = tmp_path / "conf" / "optimizer" / "adam.yaml"
    file.write_text(file.read_text().replace("adam(:rate)", "adm(:rate)"))
    refused(run_again(tmp_path), f"{file}:3:19")


def test_a_wrong_override(tmp_path: Path) -> None:
    refused(hydra(tmp_path, 'program="clip(1.0) | adm(1e-3)"'), "program:1:13")


def run_again(folder: Path) -> Done:
    """Returns what the example prints with the files of `folder` as they are."""
    import os
    import subprocess
    import sys

    from config_examples import ROOT

    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "with_hydra.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def test_instantiate_outside_of_an_application(tmp_path: Path) -> None:
    register()
    (tmp_path / "c.yaml").write_text(
        "good: {_target_: optdsl.compile, text: 'clip(1.0) | adam(:rate)', rate: 0.5}\n"
        "bad: {_target_: optdsl.integrations.hydra.compile, text: 'clip(1.0) | adm(1)'}\n"
        "spec: sgd(0.1)\nprogram: ${optdsl:${spec}}\n"
    )
    with initialize_config_dir(str(tmp_path), version_base=None):
        config = compose("c", overrides=["good.rate=0.25"])
    assert instantiate(config.good) == optdsl.compile("clip(1.0) | adam(0.25)")
    assert config.program == program(config, "spec") == optdsl.Program("sgd(0.1)")
    assert files() == ()
    with pytest.raises(InstantiationException, match=r"(?s)E201.*<program>:1:13.*\^\^\^.*full_key: bad"):
        instantiate(config.bad)
    assert OmegaConf.to_container(config)["good"]["text"] == "clip(1.0) | adam(:rate)"

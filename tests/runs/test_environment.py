import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import limner
from limner.errors import RunError
from limner.runs.environment import Environment, compare_environments, describe_environment


@pytest.fixture(scope="module")
def here() -> Environment:
    return describe_environment(2)


def test_it_says_what_is_installed_and_running(here: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    assert here.limner == limner.__version__
    assert here.torch == torch.__version__
    assert here.python == ".".join(map(str, sys.version_info[:3]))
    assert here.instruction_set.split()[0] == torch.backends.cpu.get_cpu_capability()
    assert (here.threads, here.device) == (2, "cpu")
    assert here.processor
    assert "unknown" not in (here.torchvision, here.numpy, here.pillow, here.scikit_image)
    monkeypatch.setattr(sys, "argv", ["limner", "train", "with space"])
    assert describe_environment(1).command == "limner train 'with space'"


def test_it_comes_back_from_its_file(tmp_path: Path, here: Environment) -> None:
    here.save(tmp_path / "environment.json")
    assert Environment.load(tmp_path / "environment.json") == here
    assert json.loads((tmp_path / "environment.json").read_text())["schema"] == 1


@pytest.mark.parametrize("content", ["", "{", "{}", "[]"])
def test_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "environment.json").write_text(content)
    with pytest.raises(RunError, match=r"environment\.json is damaged"):
        Environment.load(tmp_path / "environment.json")
    (tmp_path / "newer.json").write_text('{"schema": 2}')
    with pytest.raises(RunError, match=r"newer\.json has format 2"):
        Environment.load(tmp_path / "newer.json")
    with pytest.raises(RunError, match=r"none\.json cannot be read"):
        Environment.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limner", "0.0.1"),
        ("torch", "2.11.0"),
        ("torchvision", "0.1"),
        ("numpy", "1.0"),
        ("pillow", "1.0"),
        ("scikit_image", "0.1"),
        ("python", "3.99.0"),
        ("threads", 3),
        ("instruction_set", "NO AVX"),
        ("device", "NVIDIA H200"),
    ],
)
def test_what_changes_the_bits_is_named(here: Environment, field: str, value: Any) -> None:
    then = here.model_copy(update={field: value})
    (difference,) = compare_environments(then, here)
    assert difference.key == field
    assert str(value).startswith(difference.then)
    assert str(getattr(here, field)).startswith(difference.now)


def test_what_leaves_the_bits_alone_is_not(here: Environment) -> None:
    fix = f"{sys.version_info.major}.{sys.version_info.minor}.99"
    then = here.model_copy(
        update={"python": fix, "platform": "Other", "git_commit": None, "command": "limner", "started": "long ago"}
    )
    assert compare_environments(then, here) == []


def test_commit_is_told_only_of_limners_own_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limner, "__file__", str(tmp_path / "site-packages" / "limner" / "__init__.py"))
    (tmp_path / ".git").mkdir()
    assert describe_environment(1).git_commit is None

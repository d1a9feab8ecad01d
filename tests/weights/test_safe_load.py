"""No file of weights ever runs code, and every other file is refused in words."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from limner.errors import WeightsError
from limner.weights.safe_load import load_tensors


class Touch:
    """Pickled, it is a program that makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, (f"touch {self.path}",))


class Evaluate(Touch):
    def __reduce__(self) -> tuple[object, ...]:
        return (eval, (f"open({str(self.path)!r}, 'w')",))


def refusal(path: Path) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        load_tensors(path)
    assert str(path) in caught.value.message
    assert caught.value.tip
    return caught.value


def test_plain_weights_are_read(tmp_path: Path) -> None:
    torch.save({"a": torch.arange(3), "b": torch.ones(2).half()}, tmp_path / "w.pth")
    loaded = load_tensors(tmp_path / "w.pth")
    assert loaded["a"].tolist() == [0, 1, 2]
    assert loaded["b"].dtype == torch.float16


@pytest.mark.parametrize("program", [Touch, Evaluate])
@pytest.mark.parametrize("form", ["zip", "legacy", "raw"])
def test_a_file_that_would_run_code_runs_nothing(tmp_path: Path, program: type[Touch], form: str) -> None:
    trace, path = tmp_path / "executed", tmp_path / "evil.pth"
    bomb = program(trace)
    if form == "raw":
        path.write_bytes(pickle.dumps({"model.model.0.weight": bomb}, protocol=2))
    else:
        torch.save({"model.model.0.weight": bomb}, path, _use_new_zipfile_serialization=form == "zip")
    message = refusal(path).message
    assert not trace.exists()
    assert "refused, nothing was executed" in message
    if form != "raw":
        assert ("system" if program is Touch else "eval") in message


def test_the_bomb_of_the_test_above_is_live(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Touch(tmp_path / "executed")))
    assert (tmp_path / "executed").exists()


def test_a_whole_pickled_network_is_refused_by_name(tmp_path: Path) -> None:
    torch.save(torch.nn.Conv2d(1, 1, 1), tmp_path / "net.pth")
    error = refusal(tmp_path / "net.pth")
    assert "Conv2d" in error.message
    assert "state_dict()" in (error.tip or "")


@pytest.mark.parametrize("content", [b"", b"hello, I am a text file", b"\x89PNG\r\n\x1a\n" + bytes(64), b"PK\x03\x04"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.pth").write_bytes(content)
    refusal(tmp_path / "other.pth")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_file_is_refused(tmp_path: Path, zipped: bool) -> None:
    torch.save({"a": torch.zeros(1000)}, tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    whole = (tmp_path / "w.pth").read_bytes()
    (tmp_path / "w.pth").write_bytes(whole[: len(whole) // 2])
    assert "cut short" in (refusal(tmp_path / "w.pth").tip or "")


def test_things_that_are_no_named_weights(tmp_path: Path) -> None:
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    assert "a list" in refusal(tmp_path / "list.pth").message
    torch.save({"model": {"a": torch.zeros(1)}, "epoch": 3}, tmp_path / "checkpoint.pth")
    assert "'model'" in refusal(tmp_path / "checkpoint.pth").message
    torch.save({}, tmp_path / "empty.pth")
    refusal(tmp_path / "empty.pth")
    refusal(tmp_path / "absent.pth")

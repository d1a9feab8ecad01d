import io
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from limner.errors import CheckpointError
from limner.runs.tensors import optimiser_from, optimiser_to_bytes, tensors_from, tensors_to_bytes


def test_tensors_of_every_make_come_back_bit_for_bit() -> None:
    base = torch.randn(4, 6)
    tensors = {
        "plain": base,
        "same memory": base,
        "part of it": base[1:3],
        "transposed": base.T,
        "channels last": torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
        "expanded": torch.ones(1).expand(5),
        "bfloat16": torch.randn(3).bfloat16(),
        "integer": torch.tensor(7),
        "empty": torch.empty(0, 3),
        "also empty": torch.empty(0),
        "learnt": torch.nn.Parameter(torch.tensor([float("nan"), float("inf"), -0.0])),
    }
    found = tensors_from(tensors_to_bytes(tensors))
    assert set(found) == set(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert (
            found[name].numpy(force=True).tobytes() == tensor.detach().contiguous().numpy(force=True).tobytes()
            if (tensor.dtype != torch.bfloat16)
            else torch.equal(found[name], tensor)
        )


def test_what_is_read_shares_no_memory() -> None:
    base = torch.zeros(3)
    found = tensors_from(tensors_to_bytes({"a": base, "b": base}))
    found["a"] += 1
    assert found["b"].sum() == 0


@pytest.mark.parametrize("content", [b"", b"12345678", b"\xff" * 64, pickle.dumps({"a": 1})])
def test_other_files_are_no_weights(content: bytes) -> None:
    with pytest.raises(CheckpointError, match=r"model\.safetensors is not a readable safetensors file"):
        tensors_from(content, "model.safetensors")


def test_optimiser_goes_on_exactly() -> None:
    def train(optimiser: torch.optim.Adam, weights: torch.Tensor, steps: int) -> None:
        for _ in range(steps):
            optimiser.zero_grad()
            (weights**2).sum().backward()
            optimiser.step()

    weights = torch.nn.Parameter(torch.arange(5.0))
    optimiser = torch.optim.Adam([weights], lr=0.1)
    train(optimiser, weights, 3)
    saved, at = optimiser_to_bytes(optimiser.state_dict()), weights.detach().clone()
    train(optimiser, weights, 4)

    again = torch.nn.Parameter(at)
    restored = torch.optim.Adam([again], lr=0.5)
    restored.load_state_dict(optimiser_from(saved))
    train(restored, again, 4)
    assert torch.equal(again, weights)


class Trap:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("legacy", [False, True])
def test_code_in_an_optimiser_file_never_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, legacy: bool) -> None:
    # The variable by which PyTorch lets everything through must not reach us.
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    mark = tmp_path / "ran"
    buffer = io.BytesIO()
    torch.save({"state": Trap(mark)}, buffer, _use_new_zipfile_serialization=not legacy)
    for content in (buffer.getvalue(), pickle.dumps({"state": Trap(mark)}, protocol=2)):
        with pytest.raises(CheckpointError, match="Nothing was run") as caught:
            optimiser_from(content, "optimiser-generator.pt")
        assert "optimiser-generator.pt is refused" in caught.value.message
        assert not mark.exists()
    torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)
    assert mark.exists(), "the trap itself must work, or this test shows nothing"


def test_optimiser_file_with_something_else_is_refused() -> None:
    buffer = io.BytesIO()
    torch.save([1, 2], buffer)
    with pytest.raises(CheckpointError, match="no optimiser, but a list"):
        optimiser_from(buffer.getvalue())

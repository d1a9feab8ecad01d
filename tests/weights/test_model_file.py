"""The model file: a faithful round trip, no damage unnoticed, whole or not at all."""

import random
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from limner.config.data import UseSettings
from limner.config.networks import UNetSettings
from limner.errors import LimnerError, WeightsError
from limner.weights.model_file import ModelCard, read_model_file, save_model_file

CARD = ModelCard(
    generator=UNetSettings(levels=7, norm="instance", dropout_blocks=[2, 3]),
    use=UseSettings(norm="running", dropout=False),
    size=128,
    direction="BtoA",
    trained_on="facades",
    step=1200,
    averaged=True,
)


def state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {
        "encoder.0.0.weight": torch.randn(4, 3, 4, 4).transpose(0, 1),
        "norm.num_batches_tracked": torch.tensor(7),
        "half": torch.randn(5).bfloat16(),
    }


def metadata(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata())


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "model.safetensors"
    save_model_file(path, state(), CARD)
    card, read = read_model_file(path)
    assert card == CARD
    assert read.keys() == state().keys()
    for name, value in state().items():
        assert read[name].dtype == value.dtype
        assert torch.equal(read[name], value)
    assert [file.name for file in path.parent.iterdir()] == ["model.safetensors"]


def test_defaults_round_trip(tmp_path: Path) -> None:
    card = ModelCard(generator=UNetSettings())
    save_model_file(tmp_path / "m.safetensors", state(), card)
    assert read_model_file(tmp_path / "m.safetensors")[0] == card


def test_header_is_readable_by_others(tmp_path: Path) -> None:
    save_model_file(tmp_path / "facades.safetensors", state(), CARD)
    header = metadata(tmp_path / "facades.safetensors")
    assert header["limner.schema"] == "1"
    assert header["limner.method"] == "pix2pix"
    assert header["limner.size"] == "128"
    assert UNetSettings.model_validate_json(header["limner.generator"]) == CARD.generator
    assert UseSettings.model_validate_json(header["limner.use"]) == CARD.use
    assert header["modelspec.sai_model_spec"] == "1.0.0"
    assert header["modelspec.title"] == "facades"
    assert header["modelspec.resolution"] == "128x128"
    assert {"modelspec.architecture", "modelspec.implementation"} <= header.keys()


def test_no_flipped_bit_of_a_weight_or_setting_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    whole, draw = path.read_bytes(), random.Random(0)
    for _ in range(200):
        broken = bytearray(whole)
        position = draw.randrange(len(whole))
        broken[position] ^= 1 << draw.randrange(8)
        path.write_bytes(broken)
        try:
            card, read = read_model_file(path)
        except WeightsError as error:
            assert str(path) in error.message
            continue
        # Only the words for model browsers may change unnoticed: everything limner uses must be as it was.
        assert card == CARD
        assert all(torch.equal(read[name], value) for name, value in state().items())


def test_truncations_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(WeightsError):
            read_model_file(path)


def test_a_changed_setting_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    save_file(load_file(path), path, metadata=metadata(path) | {"limner.size": "256"})
    with pytest.raises(WeightsError, match="SHA-256"):
        read_model_file(path)


def test_words_that_others_add_are_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    save_file(load_file(path), path, metadata=metadata(path) | {"modelspec.license": "MIT"})
    assert read_model_file(path)[0] == CARD


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    plain = tmp_path / "plain.safetensors"
    save_file({"a": torch.zeros(1)}, plain)
    with pytest.raises(WeightsError, match="not a limner model"):
        read_model_file(plain)
    torch.save({"a": torch.zeros(1)}, tmp_path / "latest_net_G.pth")
    with pytest.raises(WeightsError, match="import-weights"):
        read_model_file(tmp_path / "latest_net_G.pth")
    with pytest.raises(WeightsError, match="no model file"):
        read_model_file(tmp_path / "absent.safetensors")


def test_a_file_that_may_not_be_read_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)

    def closed(*_: object, **__: object) -> None:
        raise FileNotFoundError(f"No such file or directory: {path}")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("limner.weights.model_file.safe_open", closed)
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(WeightsError, match=r"m\.safetensors cannot be read: permission denied") as caught:
        read_model_file(path)
    assert "Allow reading it" in (caught.value.tip or "")


@pytest.mark.parametrize(("size", "fits"), [(0, False), (1, True), (4096, True), (4097, False), (10**9, False)])
def test_a_file_cannot_ask_for_images_of_any_size(tmp_path: Path, size: int, fits: bool) -> None:
    """`--fit resize` makes pictures of this size."""
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), ModelCard.model_construct(**{**dict(CARD), "size": size}))
    if fits:
        assert read_model_file(path)[0].size == size
        return
    with pytest.raises(WeightsError, match="size: Input should be"):
        read_model_file(path)


def test_files_of_the_future_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    now = metadata(path)
    save_file(state_contiguous(), path, metadata=now | {"limner.schema": "2"})
    with pytest.raises(WeightsError, match="schema '2'"):
        read_model_file(path)
    save_file(state_contiguous(), path, metadata=now | {"limner.use": '{"norm": "batch", "noise": 3}'})
    with pytest.raises(WeightsError, match=r"use\.noise"):
        read_model_file(path)


def state_contiguous() -> dict[str, Tensor]:
    return {name: value.contiguous() for name, value in state().items()}


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.safetensors"
    save_model_file(path, state(), CARD)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(LimnerError, match="disk is full"):
        save_model_file(path, {"a": torch.zeros(3)}, CARD)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["m.safetensors"]


def test_an_impossible_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LimnerError, match="file"):
        save_model_file(tmp_path / "file" / "m.safetensors", state(), CARD)

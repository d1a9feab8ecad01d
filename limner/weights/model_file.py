"""The file a trained model travels in: one safetensors file whose header says what it is and how to run it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import NonNegativeInt, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, uint8

from limner import __version__
from limner.config.base import Settings
from limner.config.data import DeriveSettings, Side, UseSettings
from limner.config.networks import UNetFirst
from limner.errors import WeightsError
from limner.files import cannot_write, write_atomically

SCHEMA = 1
"""Version of the model file format, written as `limner.schema`."""

_PREFIX = "limner."
_DIGEST = "limner.sha256"


class ModelCard(Settings):
    """What a model file says of itself; each field is the header key `limner.<field>`."""

    method: str = "pix2pix"
    """Name of the method that trained it."""
    task: Literal["translate"] = "translate"
    """What the model does with pictures."""
    generator: UNetFirst
    """The network that the weights belong to."""
    use: UseSettings = UseSettings()
    """How the generator must be run, so that use matches training."""
    size: Side = 256
    """Side of the training pictures in pixels."""
    derive: DeriveSettings | None = None
    """How the inputs were made from photographs in training, if they were."""
    direction: Literal["AtoB", "BtoA"] = "AtoB"
    """The direction that the first generator translates in."""
    both_ways: bool = False
    """Whether a second generator translates back; weights are then called `there.*` and `back.*`."""
    trained_on: str = ""
    """What the pictures were, in words: a folder's name, or where an imported file came from."""
    step: NonNegativeInt | None = None
    """Training steps behind these weights; none when unknown."""
    averaged: bool = False
    """Whether these are the moving average of the weights (EMA) rather than the raw ones."""
    version: str = __version__
    """The limner that wrote the file."""


def save_model_file(path: Path, state: Mapping[str, Tensor], card: ModelCard) -> None:
    """Write a model file, whole or not at all.

    Args:
        path: conventionally `NAME.safetensors`; replaced if it exists; folders above it are made.
        state: the generator's `state_dict()`, on any device.
        card: what the file says of itself.

    Raises:
        RunError: the file cannot be written.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    header = _header(card)
    header[_DIGEST] = _digest(header, tensors)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    write_atomically(path, save(tensors, metadata={**header, **_model_spec(card, path.stem)}))


def read_model_file(path: Path) -> tuple[ModelCard, dict[str, Tensor]]:
    """Read a model file; nothing in it can run code, and every byte that matters is checked against its SHA-256.

    Returns:
        The card, and the generator's state on the CPU.

    Raises:
        WeightsError: the file is missing, cannot be read, is no model file, is damaged, or is from a newer limner.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata: dict[str, str] = file.metadata() or {}
            card = _read_card(path, metadata)
            state: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    header = {key: value for key, value in metadata.items() if key.startswith(_PREFIX) and key != _DIGEST}
    if _digest(header, state) != metadata.get(_DIGEST):
        raise WeightsError(
            f"{path} is damaged: its content does not match its SHA-256.", "Copy it again, or export it once more."
        )
    return card, state


def _header(card: ModelCard) -> dict[str, str]:
    fields = card.model_dump(mode="json")
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    return {f"{_PREFIX}schema": str(SCHEMA)} | {_PREFIX + name: text for name, text in texts.items()}


def _read_card(path: Path, metadata: Mapping[str, str]) -> ModelCard:
    schema = metadata.get(f"{_PREFIX}schema")
    if schema is None:
        raise WeightsError(
            f"{path} is a safetensors file, but not a limner model: its header has no '{_PREFIX}schema'.",
            f"For a generator of a public project: limner import-weights {path} --out model.safetensors",
        )
    if schema != str(SCHEMA):
        raise WeightsError(
            f"{path} has model file schema {schema!r}; this limner ({__version__}) reads {SCHEMA}.",
            "Update limner: pip install --upgrade limner",
        )
    known = {name: metadata[_PREFIX + name] for name in ModelCard.model_fields if _PREFIX + name in metadata}
    try:
        return ModelCard.model_validate_json(json.dumps({name: _value(name, text) for name, text in known.items()}))
    except (ValidationError, json.JSONDecodeError) as error:
        written_by = metadata.get(f"{_PREFIX}version", "an unknown version")
        raise WeightsError(
            f"The header of {path} cannot be understood ({_first(error)}). It was written by limner {written_by}, "
            f"this is {__version__}.",
            "Copy the file again; if it is from a newer limner, update: pip install --upgrade limner",
        ) from error


def _value(name: str, text: str) -> object:
    is_text = ModelCard.model_fields[name].annotation is str or name in ("task", "direction")
    return text if is_text else json.loads(text)


def _first(error: ValidationError | json.JSONDecodeError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "a value is not JSON"
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def _unreadable(path: Path, error: Exception) -> WeightsError:
    # Asked again, because safetensors calls a file missing that may not be read.
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except FileNotFoundError:
        return WeightsError(f"There is no model file {path}.", "Check the path.")
    except OSError as refusal:
        reason = (refusal.strerror or str(refusal)).lower()
        return WeightsError(f"{path} cannot be read: {reason}.", "Allow reading it and the folder that it is in.")
    if start in (b"PK", b"\x80\x02"):
        return WeightsError(
            f"{path} is a PyTorch file (.pth, .pt), not a limner model file.",
            f"For a generator of a public project: limner import-weights {path} --out model.safetensors",
        )
    return WeightsError(f"{path} is not a readable model file: {error}.", "It may be cut short: copy it again.")


def _digest(header: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over limner's header keys and every tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(json.dumps(sorted(header.items())).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.reshape(-1).view(uint8).numpy().data)
    return digest.hexdigest()


def _model_spec(card: ModelCard, title: str) -> dict[str, str]:
    """The keys of ModelSpec 1.0 (github.com/Stability-AI/ModelSpec), which model browsers read."""
    description = f"{card.method} {card.task} model" + (f", trained on {card.trained_on}" if card.trained_on else "")
    return {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": f"{card.method}-{card.generator.kind}",
        "modelspec.implementation": "limner",
        "modelspec.implementation_version": card.version,
        "modelspec.title": title,
        "modelspec.description": description,
        "modelspec.resolution": f"{card.size}x{card.size}",
    }

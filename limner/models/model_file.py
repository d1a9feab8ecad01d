"""The file a trained model travels in: one safetensors file whose header says what it is and how to run it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError, create_model
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, uint8

from limner import __version__
from limner.config.base import Settings
from limner.config.methods import recipe_class
from limner.config.recipe import Recipe
from limner.config.training import TrainingSettings
from limner.errors import RecipeError, WeightsError
from limner.files import cannot_write, write_atomically

SCHEMA = 1
"""Version of the model file format, written as `limner.schema`."""

_PREFIX = "limner."
_DIGEST = "limner.sha256"


@dataclass(frozen=True)
class ModelCard:
    """What a model file says of itself.

    Attributes:
        recipe: of the method that trained it, with all that `build_model` and use need. It says nothing of the
            training, nor of where the pictures lay.
        trained_on: what the pictures were, in words: a folder's name, or where an imported file came from.
        step: training steps behind these weights; None when unknown.
        ema: whether these are the moving average of the weights (EMA) rather than the raw ones.
        version: the limner that wrote the file.
    """

    recipe: Recipe
    trained_on: str = ""
    step: int | None = None
    ema: bool = False
    version: str = __version__

    @property
    def method(self) -> str:
        return self.recipe.method

    def about(self) -> dict[str, Any]:
        """What is written of the recipe: its keys less those of training and of this machine."""
        values = self.recipe.model_dump(mode="json", by_alias=True, exclude=_NOT_OF_THE_MODEL)
        return values | {"data": {key: value for key, value in values["data"].items() if key not in _PLACES}}


_NOT_OF_THE_MODEL = {"about", "device", "devices", "precision", "training", "tracking"}
_PLACES = ("path", "path_b", "synthetic", "workers", "cache", "max_bad", "validation")


def model_recipe(values: Mapping[str, Any]) -> Recipe:
    """The recipe of a model out of the keys that describe it; what is not said has its default.

    Every key is checked on its own. What must fit together for training, such as a discriminator with the generator, is
    not asked: imported models come without.

    Args:
        values: `method` and any other keys of its recipe, as in YAML; a stranger may have written them.

    Raises:
        RecipeError: the method is unknown, or may not be imported, or a key that it requires is missing.
        ValidationError: a value is impossible.
    """
    kind = recipe_class(str(values.get("method")), trusted=False)
    said = {name: value for name, value in values.items() if name not in (*_NOT_OF_THE_MODEL, "schema")}
    lacking = [name for name, field in kind.model_fields.items() if field.is_required() and name not in values]
    if lacking and lacking != ["training"]:
        raise RecipeError(f"the model does not say its '{lacking[0]}'")
    fields: Any = {
        name: (field.annotation, field) for name, field in kind.model_fields.items() if (field.alias or name) in said
    }
    checked = create_model(kind.__name__, __base__=Settings, **fields).model_validate_json(json.dumps(said))
    # Every recipe has a length of training; a model does not say it.
    return kind.model_construct(**dict(checked), training=TrainingSettings(steps=1))


def save_model_file(path: Path, state: Mapping[str, Tensor], card: ModelCard, task: str = "translate") -> None:
    """Write a model file, whole or not at all.

    Args:
        path: conventionally `NAME.safetensors`; replaced if it exists; folders above it are made.
        state: the model's `state_dict()`, on any device.
        card: what the file says of itself.
        task: what the model does, see `limner.models.Model`.

    Raises:
        RunError: the file cannot be written.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    header = _header(card, task)
    header[_DIGEST] = _digest(header, tensors)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    write_atomically(path, save(tensors, metadata={**header, **_model_spec(card, task, path.stem)}))


def read_model_file(path: Path) -> tuple[ModelCard, dict[str, Tensor]]:
    """Read a model file; nothing in it can run code, and every byte that matters is checked against its SHA-256.

    Returns:
        The card, and the model's state on the CPU.

    Raises:
        WeightsError: the file is missing, cannot be read, is no model file, is damaged, or is from a newer limner; or
            its method is not limner's, and its module may not be imported.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata: dict[str, str] = file.metadata() or {}
            _check_schema(path, metadata)
            state: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    header = {key: value for key, value in metadata.items() if key.startswith(_PREFIX) and key != _DIGEST}
    if _digest(header, state) != metadata.get(_DIGEST):
        raise WeightsError(
            f"{path} is damaged: its content does not match its SHA-256.", "Copy it again, or export it once more."
        )
    return _read_card(path, metadata), state


def _header(card: ModelCard, task: str) -> dict[str, str]:
    texts = {
        "schema": str(SCHEMA),
        "method": card.method,
        "task": task,
        "recipe": json.dumps(card.about()),
        "trained_on": card.trained_on,
        "step": json.dumps(card.step),
        "ema": json.dumps(card.ema),
        "version": card.version,
    }
    return {_PREFIX + name: text for name, text in texts.items()}


def _check_schema(path: Path, metadata: Mapping[str, str]) -> None:
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


def _read_card(path: Path, metadata: Mapping[str, str]) -> ModelCard:
    written_by = metadata.get(f"{_PREFIX}version", "an unknown version")
    try:
        return ModelCard(
            recipe=model_recipe(_Keys.validate_json(metadata.get(f"{_PREFIX}recipe", ""))),
            trained_on=metadata.get(f"{_PREFIX}trained_on", ""),
            step=_Step.validate_json(metadata.get(f"{_PREFIX}step", "null")),
            ema=metadata.get(f"{_PREFIX}ema") == "true",
            version=written_by,
        )
    except RecipeError as error:
        raise WeightsError(f"{path}, written by limner {written_by}: {error.message}", error.tip) from error
    except ValidationError as error:
        problem = error.errors()[0]
        raise WeightsError(
            f"The header of {path} cannot be understood ({'.'.join(map(str, problem['loc']))}: {problem['msg']}). "
            f"It was written by limner {written_by}, this is {__version__}.",
            "Copy the file again; if it is from a newer limner, update: pip install --upgrade limner",
        ) from error


_Step: TypeAdapter[int | None] = TypeAdapter(Annotated[int, Field(ge=0)] | None)
_Keys: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


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


def _model_spec(card: ModelCard, task: str, title: str) -> dict[str, str]:
    """The keys of ModelSpec 1.0 (github.com/Stability-AI/ModelSpec), which model browsers read."""
    description = f"{card.method} {task} model" + (f", trained on {card.trained_on}" if card.trained_on else "")
    return {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": card.method,
        "modelspec.implementation": "limner",
        "modelspec.implementation_version": card.version,
        "modelspec.title": title,
        "modelspec.description": description,
        "modelspec.resolution": f"{card.recipe.data.size}x{card.recipe.data.size}",
    }

"""What is measured on images that the model does not learn from at that moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch

from limner.config.keys import nearest_key
from limner.config.recipe import Recipe
from limner.data.batch import Batch
from limner.data.splits import ImageSplit, References, Splits, spread
from limner.distributed import Processes
from limner.errors import RecipeError
from limner.evaluation.evaluate import Evaluation, Known, evaluate
from limner.evaluation.translations import Translations
from limner.methods.method import Method, Turn
from limner.metrics import Better, Metric, Outputs, available, score
from limner.models import Direction, ImageGenerator, Model, Translator, running
from limner.random import Draw, seed_for


@dataclass(frozen=True)
class Validated:
    """How good a method is on one split.

    Attributes:
        losses: loss terms by "<loss>/<term>"; empty where they were not asked for.
        directions: by "AtoB" and "BtoA", or by "" where there is only one or none.
    """

    losses: dict[str, float]
    directions: dict[str, Evaluation]

    @property
    def scores(self) -> dict[str, float]:
        """Metrics by name, behind the direction where there are two: "ssim" or "AtoB/ssim"."""
        return {
            _tag(label, name): value
            for label, evaluation in self.directions.items()
            for name, value in evaluation.scores.items()
        }


@dataclass(frozen=True)
class Validator:
    """Validates a method exactly as its model is used, without changing anything.

    Attributes:
        method: on its device.
        recipe: says how the model is run, and how many images a validation looks at.
        processes: share the work.
        averaged: inside, the method's model is the moving average of its weights, where there is one.
    """

    method: Method
    recipe: Recipe
    processes: Processes
    averaged: Callable[[], AbstractContextManager[None]]

    @property
    def directions(self) -> dict[str, Direction | None]:
        """By the label that tags and samples bear, "" where there is only one or none: the model's directions."""
        model = self.method.model
        if not isinstance(model, Translator):
            return {"": None}
        return {way if len(model.directions) > 1 else "": way for way in model.directions}

    def validate_splits(self, splits: Splits) -> dict[str, Validated]:
        """Each split that has images: train, whose losses the steps themselves give, and val."""
        named = {"train": splits.train, "val": splits.validation}
        drawn: list[Outputs] = []
        return {name: self.validate(split, name == "val", drawn) for name, split in named.items() if len(split)}

    def validate(self, split: ImageSplit, losses: bool, drawn: list[Outputs] | None = None) -> Validated:
        """Metrics, and with them the loss terms, over at most `training.evaluate` images, one at a time as in use.

        Every loss of the method's plain turns is computed, so that over-fitting shows in each term. What a loss has
        translated is not translated again. The work is shared between the processes.

        Args:
            split: the images.
            losses: whether loss terms are wanted.
            drawn: images that were generated in this validation before; more are added.
        """
        references = {label: self._references(split, label) for label in self.directions}
        with self.averaged():
            translations = self._translations(references)
            terms = self._losses(split, translations) if losses else {}
            known = translations.known if translations else None
            found = {label: self._evaluate(label, references[label], known, drawn) for label in references}
            return Validated(terms, found)

    def show(self, references: References, label: str) -> Evaluation:
        """What the model makes of references in one direction, unmeasured."""
        with self.averaged():
            return self._evaluate(label, references, measured=False)

    @contextmanager
    def as_used(self) -> Iterator[tuple[Model, torch.device, int]]:
        """Inside, the model runs as in use: it, its device, and the seed of all that is drawn."""
        recipe = self.recipe
        with self.averaged(), running(self.method.model, recipe.use, seed_for(recipe.seed, "dropout", 0)):
            yield self.method.model, self.processes.device, recipe.seed

    def metrics(self, references: References) -> list[Metric]:
        """Those that can be measured on these references."""
        return available(references, round_trips=len(self.directions) > 1)

    def best_is_highest(self, splits: Splits) -> bool:
        """Whether the highest value of `training.best` is the best, by what is declared; False where it is not set.

        Raises:
            RecipeError: no validation will give that number, or neither it nor the recipe says which value is best.
        """
        wanted, best_is = self.recipe.training.best, self.recipe.training.best_is
        if wanted is None:
            return False
        known = self._better_scores(splits)
        if wanted not in known:
            known |= self._better_losses(splits)
        if wanted not in known:
            similar = nearest_key(wanted, known)
            raise RecipeError(
                f"training.best is '{wanted}', but no validation gives such a number",
                (f"a similar one is {similar}; " if similar else "") + f"it gives {', '.join(sorted(known))}",
            )
        better = {"lowest": "lower", "highest": "higher", None: known[wanted]}[best_is]
        if not better:
            raise RecipeError(
                f"training.best is '{wanted}', of which neither high nor low values are better by themselves",
                "say it with training.best_is=lowest or highest, or choose another number",
            )
        return better == "higher"

    def _better_scores(self, splits: Splits) -> dict[str, Better]:
        """Which way each metric is better that a validation gives."""
        known: dict[str, Better] = {}
        for name, split in (("train", splits.train), ("val", splits.validation)):
            for label in self.directions if len(split) else ():
                found = self.metrics(self._references(split, label, most=1))
                known |= {f"{name}/{_tag(label, metric.name)}": metric.better for metric in found}
        return known

    def _better_losses(self, splits: Splits) -> dict[str, Better]:
        """Which way each loss is better, where that is declared. One image shows which terms this recipe has."""
        terms = self._losses_of(splits.validation, [0], None) if len(splits.validation) else {}
        curves = self.recipe.curves
        return {
            f"val/{tag}": "lower" if tag.endswith("/total") else curves[tag].better if tag in curves else ""
            for tag in terms
        }

    def _references(self, split: ImageSplit, label: str, most: int | None = None) -> References:
        back = list(self.directions).index(label) > 0
        return split.references(most or self.recipe.training.evaluate, back)

    def _translations(self, references: Mapping[str, References]) -> Translations | None:
        model, recipe = self.method.model, self.recipe
        if not isinstance(model, Translator):
            return None
        ways = {self.directions[label] or model.directions[0]: known for label, known in references.items()}
        return Translations(model, recipe.use, recipe.seed, ways)

    def _evaluate(
        self,
        label: str,
        references: References,
        known: Known | None = None,
        drawn: list[Outputs] | None = None,
        measured: bool = True,
    ) -> Evaluation:
        metrics = self.metrics(references) if measured and self.processes.is_main else []
        model, direction, recipe = self.method.model, self.directions[label], self.recipe
        if isinstance(model, ImageGenerator):
            for outputs in drawn or ():
                if _same_images_wanted(model, references, outputs):
                    return Evaluation(references, outputs, score(outputs, references, metrics))
        found = evaluate(model, references, metrics, recipe.use, recipe.seed, direction, self.processes, known)
        if drawn is not None:
            drawn.append(found.outputs)
        return found

    def _losses(self, split: ImageSplit, translations: Translations | None) -> dict[str, float]:
        indices = spread(len(split), self.recipe.training.evaluate)
        mine = [indices[number] for number in self.processes.share(len(indices))]
        sums = self._losses_of(split, mine, translations)
        return {name: value / len(indices) for name, value in self.processes.add_up(sums).items()}

    def _losses_of(
        self, split: ImageSplit, indices: Sequence[int], translations: Translations | None
    ) -> dict[str, float]:
        """Sums over these images, in this process alone."""
        sums: defaultdict[str, float] = defaultdict(float)
        remembered = translations.remembered() if translations else nullcontext()
        with torch.random.fork_rng(), running(self.method, self.recipe.use), remembered:
            for index in indices:
                batch = split.batch([(0, index)]).on(self.processes.device)
                for name, value in self._terms(batch, index).items():
                    sums[name] += value
        return sums

    def _terms(self, batch: Batch, index: int) -> dict[str, float]:
        values: dict[str, float] = {}
        draw = Draw(seed_for(self.recipe.seed, "validate", index), self.processes.device)
        shared = self.method.share(batch, draw)
        for turn in self.method.turns:
            terms = getattr(self.method, f"{_loss(turn)}_loss")(batch, draw, shared)
            values |= {f"{_loss(turn)}/{name}": float(term.value) for name, term in terms.items()}
            values[f"{_loss(turn)}/total"] = sum(float(term.value) * term.weight for term in terms.values())
        return values


def _same_images_wanted(model: ImageGenerator, references: References, outputs: Outputs) -> bool:
    """Whether a generator would make for these references what it has made already: its noise is the same."""
    if len(references.images) != len(outputs.images):
        return False
    return not model.classes or bool(torch.equal(references.labels, outputs.labels))  # type: ignore[arg-type]


def _loss(turn: str | Turn) -> str:
    return turn.loss_name if isinstance(turn, Turn) else turn


def _tag(label: str, name: str) -> str:
    return f"{label}/{name}" if label else name

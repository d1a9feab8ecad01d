"""What each logged number means: as the run declares it, and what the trainer logs of every run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from limner.report.series import Tag, read_tag
from limner.runs.declaration import ARROWS, Better, RunDeclaration


@dataclass(frozen=True)
class Meaning:
    """What to tell a person who meets a number for the first time.

    Attributes:
        title: how it is called in a heading; numbers of the same title share a chart.
        text: what it measures and how it misleads, one or two sentences.
        label: what tells it from the others in its chart; may be empty.
        better: the direction to hope for; "" when there is none.
        bounds: of the chart's axis, where they are known.
        reference: a value that means something of its own, which the text explains; a chart marks it.
        copy_wins: a translator that only copies its input has the best value.
    """

    title: str
    text: str
    label: str = ""
    better: Better = ""
    bounds: tuple[float, float] | None = None
    reference: float | None = None
    copy_wins: bool = False


_TRAINER = {
    "lr": Meaning("Learning rate", "The size of the steps that each player takes."),
    "images_per_second": Meaning("Speed", "Training pictures per second.", better="higher"),
    "data_wait": Meaning(
        "Waiting for data", "Share of the time that training stood still for pictures.", better="lower"
    ),
}
"""What the trainer logs of itself, by the first part of the tag behind its split."""
_TOTAL = "The weighted sum that is minimised. Not comparable between runs whose weights or objective differ."


class Glossary:
    """The meanings of the tags of one run, or of several; where they differ, those of the first one count.

    A number that nobody declared is called by its name, so that nothing that was logged is hidden.
    """

    def __init__(self, *declarations: RunDeclaration | None) -> None:
        declared = [one for one in declarations if one is not None]
        metrics = {metric.name: metric for one in reversed(declared) for metric in one.metrics}
        terms = {term.tag: term for one in reversed(declared) for term in one.terms}
        order = [metric.name for one in declared for metric in one.metrics]
        order += [term.tag for one in declared for term in one.terms]
        self._places = {name: place for place, name in enumerate(dict.fromkeys(order))}
        self._metrics = {
            name: Meaning(one.title, one.sentence, "", one.better, None, one.reference, one.copy_wins)
            for name, one in metrics.items()
        }
        uses = Counter((term.title, term.label) for term in terms.values())
        shared = {title for (title, _), count in uses.items() if count > 1}
        self._terms = {
            tag: Meaning(
                _of_loss(tag, one.title) if one.title in shared else one.title,
                one.sentence,
                one.label,
                one.better,
                one.bounds,
                one.reference,
                one.copy_wins,
            )
            for tag, one in terms.items()
        }

    def meaning(self, tag: str) -> Meaning:
        """What a tag means, with or without its split: `val/ssim`, `AtoB/ssim`, `train/generator/l1`."""
        parts = read_tag(tag)
        return self._metrics.get(parts.name) or self._terms.get(parts.name) or _of_trainer(parts) or _by_name(parts)

    def title(self, tag: str) -> str:
        """The title of a tag, with its direction or what tells it from others of the same title."""
        about = self.meaning(tag)
        return ", ".join(word for word in (about.title, read_tag(tag).way or about.label) if word)

    def is_metric(self, tag: str) -> bool:
        """Whether a tag is a picture metric: declared as one, or something that only a validation gives."""
        parts = read_tag(tag)
        if parts.name in self._metrics or parts.direction:
            return True
        return parts.split == "val" and not parts.group and parts.term not in _TRAINER

    def place(self, tag: str) -> tuple[int, int, int]:
        """Sorts tags: metrics first, direction by direction, then terms, each as declared; then all others."""
        parts = read_tag(tag)
        place = self._places.get(parts.name, len(self._places))
        if self.is_metric(tag):
            return 0, ["", *ARROWS].index(parts.direction), place
        return (1 if parts.name in self._terms else 2), 0, place


def _of_loss(tag: str, title: str) -> str:
    return f"{_sentence_case(tag.rpartition('/')[0])} · {title}"


def _of_trainer(tag: Tag) -> Meaning | None:
    if tag.group and tag.term == "total":
        return Meaning(_of_loss(tag.name, "Total"), _TOTAL)
    return _TRAINER.get(tag.group or tag.term)


def _by_name(tag: Tag) -> Meaning:
    title = _sentence_case(tag.term)
    return Meaning(_of_loss(tag.name, title) if tag.group else title, "")


def _sentence_case(name: str) -> str:
    words = name.replace("_", " ").replace("/", " · ").strip()
    return words[:1].upper() + words[1:]

"""Alerts and caveats: what a person must know before anything else, and what a page must not be taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from limner.report.series import Series, read_tag
from limner.report.settings import flatten
from limner.report.summary import counts, progress
from limner.report.words import plural
from limner.runs.declaration import ARROWS, RunDeclaration
from limner.runs.logs import SEVERITIES, Finding, Severity, open_findings
from limner.runs.reading import RunFiles, dig

WEIGHTS = (
    "Generator losses are not comparable between runs whose loss weights or objective differ: a larger weight makes "
    "another sum, not a worse picture. Compare the raw terms, the metrics, and the pictures."
)
BLUR = (
    "L1, L2, PSNR and SSIM reward a picture that is blurred where it is unsure: a plain L1 generator often wins them "
    "and looks worse. Spectrum distance sees the blur, but not whether detail is in the right place. "
    "Look at the pictures last, and longest."
)
NO_TRUTH = (
    "What these pictures should have become is not known, so nothing here measures whether the right thing was drawn, "
    "or in the right place. Spectrum distance only asks whether there is as much detail as in the other domain. "
    "Look at the pictures first, and longest."
)
COPY = (
    "A low change is what a generator gets that only copies its input, and a copy is no translation. "
    "Look at the pictures: do the outputs belong to the other domain?"
)
CYCLE = (
    "A low round trip and a low change are what two generators get that only copy their inputs, and "
    "a copy is no translation. A picture can also come back well from a bad output, in which the generators hide the "
    "input as noise too faint to see (arXiv:1712.02950). Look at the pictures: do the outputs belong to the other "
    "domain?"
)
MADE_UP = (
    "A number over many pictures does not show whether a generator repeats its training pictures, or leaves some kinds "
    "of them out. Look at many of its pictures, beside those that it was trained on."
)


@dataclass(frozen=True)
class Alert:
    """What stands at the top of a page; `remedies` may be empty."""

    severity: Severity
    text: str
    remedies: Sequence[str] = ()


def alerts(run: RunFiles, series: Mapping[str, Series]) -> list[Alert]:
    """Numbers that are none at their end, and the findings of the health monitor that are open; severe ones first."""
    found = [_alert(finding) for finding in open_findings(run.findings)]
    non_finite = [tag for tag, one in series.items() if not abs(one.last) < float("inf")]
    if non_finite:
        verb = "is" if len(non_finite) == 1 else "are"
        found.insert(0, Alert("fatal", f"Training broke down: {', '.join(non_finite)} {verb} no longer a number."))
    return sorted(found, key=lambda alert: SEVERITIES.index(alert.severity))


def _alert(finding: Finding) -> Alert:
    text = with_direction(finding.evidence.rstrip(".") or finding.detector.replace("_", " "), finding.direction)
    remedies = [remedy.rstrip(".") for remedy in finding.remedies]
    return Alert(finding.severity, f"{text[0].upper()}{text[1:]}. Since step {finding.step:,}.", remedies)


def with_direction(text: str, direction: str) -> str:
    """A sentence of an event or a finding, which names the direction that it concerns."""
    said, way = text.replace("->", "→"), ARROWS.get(direction, "")
    return said if way in said else f"{way}: {said}"


def verdict(declared: Sequence[RunDeclaration | None]) -> str:
    """What to keep in mind before reading the numbers of these runs."""
    translators = _translators(declared)
    if not translators:
        return "No one number is the verdict: look at the pictures as well."
    likes = "L1 and SSIM like a blur, spectrum distance likes detail wherever it is"
    if not any(one.domains for one in translators):
        return f"No one number is the verdict: {likes}. Good is good in both."
    both_ways = any(len(one.directions) > 1 for one in translators)
    copy = "a copy comes back from the round trip unharmed" if both_ways else "a copy changes nothing"
    if any(one.targets for one in translators):
        return f"No one number is the verdict: {likes}, and {copy}."
    return (
        "What these pictures should have become is not known, so no number says whether the right thing was drawn, "
        f"and {copy}. Look at the pictures."
    )


def image_caveats(declared: Sequence[RunDeclaration | None]) -> list[str]:
    """What no number says of the pictures of these runs."""
    found = []
    translators = _translators(declared)
    if translators:
        found.append(BLUR if any(one.targets for one in translators) else NO_TRUTH)
        if any(one.domains for one in translators):
            found.append(CYCLE if any(len(one.directions) > 1 for one in translators) else COPY)
    if any(one is not None and one.task == "generate" for one in declared):
        found.append(MADE_UP)
    return found


def run_caveats(run: RunFiles, series: Mapping[str, Series]) -> list[str]:
    """What holds for every run, and what this one gives reason to say."""
    found: list[str] = []
    far = progress(run)
    if far.unfinished:
        found.append(f"Training was at step {far.step:,} of {far.planned:,} when this page was made.")
    found += _held_out(run)
    warnings = run.data.get("warnings")
    found += [str(warning) for warning in warnings] if isinstance(warnings, list) else []
    if dig(run.recipe, "use.dropout") and _has_dropout(run):
        found.append("Dropout stays on at use, as in training, so the same input gives slightly different pictures.")
    measured = {read_tag(tag).term for tag in series}
    if "ssim" in measured and "spectrum_distance" not in measured:
        found.append("Spectrum distance was not measured here, so SSIM stands alone: it must not be the verdict.")
    found += image_caveats([run.declaration])
    found.append(WEIGHTS)
    found.append("This is one run with one seed. Another seed gives other numbers: judge small gains by several.")
    return found


def _translators(declared: Sequence[RunDeclaration | None]) -> list[RunDeclaration]:
    return [one for one in declared if one is not None and one.task == "translate"]


def _has_dropout(run: RunFiles) -> bool:
    """Whether a network of a translator drops anything: one without dropout has nothing that could stay on."""
    rates = [value for key, value in flatten(run.recipe).items() if key.endswith(".dropout") and key != "use.dropout"]
    return any(rates) and bool(_translators([run.declaration]))


def _held_out(run: RunFiles) -> list[str]:
    few = {name: count for name, count in counts(run, "validation").items() if count < 50}
    if not few:
        return []
    listed = " and ".join(plural(count, "picture") + (f" of {name}" if name else "") for name, count in few.items())
    return [f"The validation set has {listed}: differences of a few per cent between two validations are noise."]

"""What a page must not be taken for: the limits of a run's numbers, in honest words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from limner.report.reading import RunFiles, dig
from limner.report.series import Series
from limner.report.summary import between_domains, both_ways, domain_images, images, progress
from limner.report.tags import read_tag
from limner.report.words import plural

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
    "A low cycle error, a low round trip and a low change are what two generators get that only copy their inputs, and "
    "a copy is no translation. A picture can also come back well from a bad output, in which the generators hide the "
    "input as noise too faint to see (arXiv:1712.02950). Look at the pictures: do the outputs belong to the other "
    "domain?"
)


def verdict(tags: Iterable[str], known: bool) -> str:
    """What to keep in mind before reading the numbers of these tags.

    Args:
        known: what pictures should become is known, so that some numbers hold outputs against it.
    """
    names = {read_tag(tag).term for tag in tags}
    likes = "L1 and SSIM like a blur, spectrum distance likes detail wherever it is"
    if "change" not in names:
        return f"No one number is the verdict: {likes}. Good is good in both."
    copy = "a copy comes back from the round trip unharmed" if "round_trip" in names else "a copy changes nothing"
    if known:
        return f"No one number is the verdict: {likes}, and {copy}."
    return (
        "What these pictures should have become is not known, so no number says whether the right thing was drawn, "
        f"and {copy}. Look at the pictures."
    )


def image_limits(between_domains: bool, both_ways: bool, known: bool) -> list[str]:
    """What no number says of pictures.

    Args:
        between_domains: the method learns from two domains.
        both_ways: and translates back as well.
        known: what pictures should become is known.
    """
    found = [BLUR] if known else [NO_TRUTH]
    return found + ([CYCLE if both_ways else COPY] if between_domains else [])


def run_limits(run: RunFiles, series: Mapping[str, Series], known: bool = True) -> list[str]:
    """What holds for every run, and what this one gives reason to say.

    Args:
        known: what pictures should become is known.
    """
    found: list[str] = []
    far, domains = progress(run), between_domains(run)
    if far.unfinished:
        found.append(f"Training was at step {far.step:,} of {far.planned:,} when this page was made.")
    found += _held_out(run)
    warnings = run.data.get("warnings")
    found += [str(warning) for warning in warnings] if isinstance(warnings, list) else []
    # A network without dropout has nothing that could stay on.
    if dig(run.recipe, "use.dropout") and (not domains or dig(run.recipe, "generator.dropout")):
        found.append("Dropout stays on at use, as in training, so the same input gives slightly different pictures.")
    names = {read_tag(tag).term for tag in series}
    if "ssim" in names and "spectrum_distance" not in names:
        found.append("Spectrum distance was not measured here, so SSIM stands alone: it must not be the verdict.")
    found += image_limits(domains, both_ways(run), known)
    found.append(WEIGHTS)
    found.append("This is one run with one seed. Another seed gives other numbers: judge small gains by several.")
    return found


def _held_out(run: RunFiles) -> list[str]:
    noise = "differences of a few per cent between two validations are noise."
    a, b = domain_images(run, "validation")
    counts = {"": images(run.data, "validation"), "A": a, "B": b}
    few = {domain: count for domain, count in counts.items() if count is not None and count < 50}
    if "" in few:
        return [f"The validation set has {plural(few[''], 'picture')}: {noise}"]
    if few:
        listed = " and ".join(f"{plural(count, 'picture')} of {domain}" for domain, count in few.items())
        return [f"The validation set has {listed}: {noise}"]
    return []

"""What a page must not be taken for: the limits of a run's numbers, in honest words."""

from __future__ import annotations

from collections.abc import Mapping

from limner.report.reading import RunFiles, dig
from limner.report.series import Series
from limner.report.summary import pictures, progress
from limner.report.words import plural

LAMBDA = (
    "Generator losses are not comparable between runs whose L1 weight or objective differs: a larger weight makes "
    "another sum, not a worse picture. Compare the raw terms, the metrics, and the pictures."
)
BLUR = (
    "L1, L2, PSNR and SSIM reward a picture that is blurred where it is unsure: a plain L1 generator often wins them "
    "and looks worse. Spectrum distance sees the blur, but not whether detail is in the right place. "
    "Look at the pictures last, and longest."
)


def run_limits(run: RunFiles, series: Mapping[str, Series]) -> list[str]:
    """What holds for every run, and what this one gives reason to say."""
    found: list[str] = []
    far = progress(run)
    if far.unfinished:
        found.append(f"Training was at step {far.step:,} of {far.planned:,} when this page was made.")
    held_out = pictures(run.data, "validation")
    if held_out is not None and held_out < 50:
        found.append(
            f"The validation set has {plural(held_out, 'picture')}: differences of a few per cent between two "
            "validations are noise."
        )
    warnings = run.data.get("warnings")
    found += [str(warning) for warning in warnings] if isinstance(warnings, list) else []
    if dig(run.recipe, "use.dropout"):
        found.append("Dropout stays on at use, as in training, so the same input gives slightly different pictures.")
    names = {tag.partition("/")[2] for tag in series}
    if "ssim" in names and "spectrum_distance" not in names:
        found.append("Spectrum distance was not measured here, so SSIM stands alone: it must not be the verdict.")
    found.append(BLUR)
    found.append(LAMBDA)
    found.append("This is one run with one seed. Another seed gives other numbers: judge small gains by several.")
    return found

"""limner data inspect: what a folder of pictures is, what is wrong with it, and what it serves."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from limner.config.data import DeriveSettings
    from limner.data.compare_domains import DomainComparison
    from limner.data.domain_traits import DomainLook
    from limner.data.inspect import Inspection

SHOWN = 20
"""Most files of one kind that are listed for a person; --json lists all."""


def inspect(
    path: Annotated[Path, typer.Argument(help="Any folder of pictures.", show_default=False, readable=False)],
    path_b: Annotated[
        Path | None,
        typer.Argument(
            help="A second one: domain B, or the other half of the pairs.", show_default=False, readable=False
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a contact sheet, a PNG picture, here.", readable=False)
    ] = None,
    derive: Annotated[
        str | None,
        typer.Option(help="Look at single photographs with inputs made from them: edges, grey, ..."),
    ] = None,
) -> None:
    """Look at every picture of a folder before training on it.

    Says how the folder is laid out, counts, names each file that cannot be used with the reason, finds pictures without
    a partner, and the same picture twice or in two splits. Where there are two domains (trainA and trainB, or two
    folders), compares them: light, colour, framing, sizes.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from limner.cli.output import messages, print_json, results
    from limner.data.inspect import inspect_folder

    how = _derivation(derive)
    columns = (TextColumn("looking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages(), transient=True) as bar:
        looking = bar.add_task("looking")
        inspection = inspect_folder(
            path, path_b, how, progress=lambda done, total: bar.update(looking, completed=done, total=total)
        )
    if sheet is not None:
        from io import BytesIO

        from limner.data.sheet import contact_sheet
        from limner.files import write_atomically

        png = BytesIO()
        contact_sheet(path, path_b, how).save(png, "PNG")
        write_atomically(sheet, png.getvalue())
    if json:
        print_json(inspection.as_json())
        return
    _tell(inspection, results())
    said = [f"contact sheet: {sheet}"] if sheet is not None else []
    for line in said + _next(inspection, path_b, derive):
        messages().print(line, markup=False, soft_wrap=True)


def _derivation(kind: str | None) -> DeriveSettings | None:
    from limner.config.data import DeriveSettings
    from limner.errors import DataError

    if kind is None:
        return None
    kinds = get_args(DeriveSettings.model_fields["kind"].annotation)
    if kind not in kinds:
        raise DataError(f"no input can be derived as {kind!r}", f"--derive takes one of {', '.join(kinds)}")
    return DeriveSettings.model_validate({"kind": kind})


def _tell(inspection: Inspection, console: Console) -> None:
    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    counts = ", ".join(f"{count} {group}" for group, count in inspection.counts.items()) or "none"
    say(f"{inspection.path}: {inspection.layout}, {inspection.kind}")
    say(f"usable: {counts}")
    if inspection.classes:
        say("classes: " + ", ".join(f"{name} {count}" for name, count in inspection.classes.items()))
    if sizes := inspection.sizes:
        (width, height), (least_w, least_h), (most_w, most_h) = sizes.median, sizes.smallest, sizes.largest
        more = f" (from {least_w} x {least_h} to {most_w} x {most_h})" if sizes.different > 1 else ""
        say(f"sizes: {width} x {height}{more}")
    _list("cannot be used", [f"{bad.file}: {bad.reason}" for bad in inspection.unreadable], say)
    _list("without a partner", inspection.unmatched, say)
    _list("the same picture or view in one split", [" = ".join(group) for group in inspection.duplicates], say)
    _list("the same picture or view in two splits", [" = ".join(pair) for pair in inspection.leaks], say)
    for note in inspection.notes:
        say(f"note: {note}")
    if inspection.domains is not None:
        _tell_domains(inspection.domains, say)
    say(f"verdict: {inspection.grade}. {inspection.verdict}")


def _tell_domains(domains: DomainComparison, say: Callable[[str], None]) -> None:
    rows: list[tuple[str, Callable[[DomainLook], str]]] = [
        ("pictures", lambda look: str(look.count)),
        ("median size", lambda look: "{} x {}".format(*look.size) if look.size else "unknown"),
        ("brightness", lambda look: f"{look.brightness:.2f}"),
        ("contrast", lambda look: f"{look.contrast:.2f}"),
        ("saturation", lambda look: f"{look.saturation:.2f}"),
        ("mean colour", lambda look: " ".join(f"{255 * channel:.0f}" for channel in look.colour)),
        ("detail in the middle", lambda look: f"{100 * look.middle:.0f} %"),
    ]
    say(f"{'as two domains':24}{'A':16}B")
    for title, cell in rows:
        say(f"  {title:22}{cell(domains.a):16}{cell(domains.b)}")
    if domains.classifier_accuracy is not None:
        say(f"  told apart by light, colour and detail: {100 * domains.classifier_accuracy:.0f} % (by a coin 50 %)")
    for each in domains.differences:
        say(f"  {each.grade}: {each.sentence}")
        say(f"    remedy: {each.remedy}")
    if not domains.differences:
        say("  nothing stands out that a translator could win by other than by what is meant")


def _list(title: str, items: list[str], say: Callable[[str], None]) -> None:
    if items:
        say(f"{title}: {len(items)}")
        for item in items[:SHOWN]:
            say(f"  {item}")
        if len(items) > SHOWN:
            say(f"  and {len(items) - SHOWN} more (--json lists all)")


def _next(inspection: Inspection, path_b: Path | None, derive: str | None) -> list[str]:
    """The command that trains on such a folder, where there is one."""
    words = [f"data.path={inspection.path}", *([f"data.path_b={path_b}"] if path_b else [])]
    folders = shlex.join(words)
    command = f"limner train pix2pix {folders}"
    if inspection.grade == "unusable":
        return []
    if inspection.layout == "two-folders" and path_b is None:
        return []  # Its note names the two folders.
    if inspection.kind == "pairs":
        return [command]
    if inspection.kind == "domains":
        return [f"limner train cyclegan-horse2zebra {folders}"]
    if inspection.kind in ("images", "labelled"):
        return [f"{command} data.derive.kind={derive or 'edges'}"]
    return []

"""`limner doctor`: what is here, what is missing and how to get it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console


def doctor(
    bundle: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write a zip for a bug report. Your name, the host and the folders of your files are replaced; "
            "of a path the last name stays.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Versions, devices, memory, disk, cache, weights; what is missing and how to get it."""
    from limner.cli.diagnosis import diagnose
    from limner.cli.output import messages, print_json, results

    found = diagnose()
    if json:
        print_json(found)
    else:
        _show(found, results())
    if bundle is not None:
        from limner.cli.bundle import write_bundle

        write_bundle(bundle, found)
        messages().print(f"Wrote {bundle}. Look into it before you send it: it holds text only.", markup=False)


def _show(found: dict[str, Any], console: Console) -> None:
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _rows(found):
        table.add_row(name, value)
    console.print(table)
    console.print()
    for line in found["advice"] or ["Nothing is missing."]:
        console.print(f"- {line}", markup=False, soft_wrap=True)


def _rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    computer, memory, disk = found["computer"], found["memory"], found["disk"]
    versions = [f"{name} {computer[name]}" for name in ("torch", "torchvision", "numpy", "pillow", "typer")]
    rows = [
        ("limner", computer["limner"] + (f" ({computer['git_commit'][:12]})" if computer["git_commit"] else "")),
        ("Python", f"{computer['python']}, {computer['executable']}"),
        ("packages", ", ".join(versions)),
        ("system", computer["platform"]),
        ("CPU", f"{computer['processor']}, {computer['cores']} cores, {computer['instruction_set']}"),
        ("threads", str(computer["threads"])),
        ("memory", f"{_size(memory['free'])} free of {_size(memory['total'])}"),
    ]
    for device in found["devices"][1:]:
        memory_text = f", {_size(device['free'])} free of {_size(device['memory'])}" if "memory" in device else ""
        rows.append(("GPU", f"{device['name']} {device.get('model', '')}{memory_text}"))
    rows.append(("runs", f"{disk['runs']}, {_size(disk['free'])} free of {_size(disk['total'])}"))
    cache = found["cache"]
    rows.append(("cache", f"{cache['folder']}, {_size(cache['size'])} of at most {_size(cache['cap'])}"))
    rows += [("weights", f"{entry['file']}: {entry['found'] or 'not here'}") for entry in found["weights"]]
    return rows


def _size(count: int | None) -> str:
    if count is None:
        return "unknown"
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"

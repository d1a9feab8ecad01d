"""`limner data cache`: where decoded and drawn pictures are kept, how much they take, how to be rid of them."""

from typing import Annotated

import typer


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all; they are made again when needed.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Show where decoded and drawn pictures are kept and how much they take.

    LIMNER_CACHE names another folder, LIMNER_CACHE_GB the most it may hold.
    """
    from limner.cli.output import print_json
    from limner.data.cache import cache_cap, cache_folder, cache_size, clear_cache
    from limner.files import printable

    folder, cap = printable(str(cache_folder())), cache_cap()
    freed = clear_cache() if clear else 0
    size = cache_size()
    if json:
        print_json({"schema": 1, "folder": folder, "bytes": size, "cap": cap, "freed": freed})
        return
    if clear:
        typer.echo(f"{freed / 1e6:,.1f} MB freed")
    typer.echo(f"{folder}: {size / 1e6:,.1f} MB of decoded and drawn pictures, at most {cap / 1e9:g} GB")
    if size:
        typer.echo("limner data cache --clear removes them")

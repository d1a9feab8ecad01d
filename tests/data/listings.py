"""What was found in a folder, as a test compares it."""

import pytest

from limner.config.data import PairedDataSettings
from limner.data.discover import discover
from limner.errors import DataError


def found(path, **settings):
    return discover(PairedDataSettings(path=path, **settings))


def shown(pairs, root):
    def part(source):
        return source and source.path.relative_to(root).as_posix() + (f":{source.half}" if source.half else "")

    def both(sources):
        return (None, *map(part, sources)) if len(sources) == 1 else tuple(map(part, sources))

    return [(pair.name, *both(pair.sources)) for pair in pairs]


def refused(path, **settings):
    with pytest.raises(DataError) as error:
        found(path, **settings)
    assert error.value.tip
    return error.value

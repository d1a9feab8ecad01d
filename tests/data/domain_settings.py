"""How the tests of two domains open them."""

import pytest

from limner.config.data import DomainDataSettings
from limner.data.open import open_data
from limner.errors import DataError


def settings(path, **more):
    return DomainDataSettings(path=path, size=32, **{"workers": 1, **more})


def opened(path, **more):
    return open_data(settings(path, **more), 3)


def refused(path, **more):
    with pytest.raises(DataError) as error:
        open_data(settings(path, **more), 3)
    assert error.value.tip
    return error.value

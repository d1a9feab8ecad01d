"""The drawn facades are the same everywhere, keep label map and picture together, and leave something to learn."""

from dataclasses import replace
from itertools import combinations
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt
import pytest

from limner.synthetic import STYLE_NAMES, Facade, Label, draw_facade

COLOURS = np.array([label.value for label in Label])


def numbers(labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Class numbers of a label map; every pixel must have exactly one class's colour."""
    equal = (labels[:, :, None, :] == COLOURS).all(-1)
    assert (equal.sum(-1) == 1).all()
    return equal.argmax(-1)


def shares(facade: Facade) -> npt.NDArray[np.float64]:
    return np.bincount(numbers(facade.labels).ravel(), minlength=len(Label)) / facade.size**2


def day_of(index: int) -> npt.NDArray[np.uint8]:
    return draw_facade(5, index, 64).day


def test_label_colours_are_far_apart() -> None:
    for one, other in combinations(Label, 2):
        assert np.linalg.norm(np.subtract(one.value, other.value)) > 60, (one, other)


def test_images_have_the_size_asked_for_and_are_bytes() -> None:
    for size in (32, 64, 100, 128, 256):
        facade = draw_facade(1, 2, size)
        for image in (facade.labels, facade.day, facade.night):
            assert image.shape == (size, size, 3)
            assert image.dtype == np.uint8


def test_a_known_facade_stays_what_it_is() -> None:
    """Drawn data sets are compared across machines and years: a change here is a change of every one of them."""
    facade = draw_facade(21, 4, 64)
    assert facade.style == "haussmann"
    assert np.bincount(numbers(facade.labels).ravel(), minlength=len(Label)).tolist() == [
        183,
        111,
        1545,
        466,
        680,
        40,
        124,
        0,
        521,
        0,
        8,
        0,
        0,
        418,
    ]
    np.testing.assert_allclose(facade.day.mean((0, 1)) / 255, [0.5376, 0.5355, 0.5165], atol=1e-2)
    np.testing.assert_allclose(facade.night.mean((0, 1)) / 255, [0.2493, 0.2308, 0.2315], atol=1e-2)


def test_drawing_does_not_depend_on_what_was_drawn_before_or_in_which_process() -> None:
    here = [day_of(index) for index in (0, 1, 2)]
    again = [day_of(index) for index in (2, 0)]
    np.testing.assert_array_equal(again[0], here[2])
    np.testing.assert_array_equal(again[1], here[0])
    with get_context("spawn").Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(day_of, (1,)), here[1])


def test_seed_and_index_both_matter() -> None:
    base = draw_facade(1, 1, 64).day
    assert (draw_facade(2, 1, 64).day != base).mean() > 0.5
    assert (draw_facade(1, 2, 64).day != base).mean() > 0.5


def test_the_same_scene_is_painted_anew_for_every_index_and_seed() -> None:
    facade = draw_facade(1, 1, 64)
    assert (replace(facade, index=2).day != facade.day).mean() > 0.5
    assert (replace(facade, seed=2).day != facade.day).mean() > 0.5


def test_night_does_not_change_when_the_day_is_looked_at_first() -> None:
    first, second = draw_facade(3, 7, 64), draw_facade(3, 7, 64)
    assert first.day.any()
    np.testing.assert_array_equal(first.night, second.night)


def test_the_same_scene_at_every_size() -> None:
    small, large = draw_facade(1, 3, 64), draw_facade(1, 3, 256)
    assert small.style == large.style
    assert np.abs(shares(small) - shares(large)).sum() < 0.12


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_labels_lie_under_the_image(style: str) -> None:
    """Edges of the label map are edges of the picture: moved aside, they explain less of it."""
    here = moved = 0.0
    for index in range(6):
        facade = draw_facade(9, index, 128, style)
        grey, classes = facade.day.astype(float).mean(2), numbers(facade.labels)
        edges = classes[:, 1:] != classes[:, :-1]
        slope = np.abs(np.diff(grey, axis=1))
        here += slope[edges].mean()
        moved += slope[np.roll(edges, 5, axis=1)].mean()
    assert here > 1.3 * moved


def test_styles_differ_in_their_label_maps_and_walls_are_not_settled_by_them() -> None:
    """The nearest mean histogram of classes tells the style in most cases, yet wall colours vary within a style."""
    known = {style: np.mean([shares(draw_facade(1, i, 64, style)) for i in range(12)], axis=0) for style in STYLE_NAMES}
    hits = total = 0
    for style in STYLE_NAMES:
        walls = []
        for index in range(100, 108):
            facade = draw_facade(1, index, 64, style)
            histogram = shares(facade)
            hits += style == min(known, key=lambda name: float(np.abs(known[name] - histogram).sum()))
            total += 1
            walls.append(facade.day[numbers(facade.labels) == list(Label).index(Label.FACADE)].mean(0))
        assert np.std(walls, axis=0).mean() > 12, style
    assert hits / total > 0.45


def test_images_have_texture_that_a_blur_would_lose() -> None:
    """Fine detail inside bare walls: the point of an adversarial loss."""
    facade = draw_facade(1, 0, 256, "brick")
    wall = numbers(facade.labels) == list(Label).index(Label.FACADE)
    grey = facade.day.astype(float).mean(2)
    fine = np.abs(grey[1:, :] - grey[:-1, :])[wall[1:, :] & wall[:-1, :]]
    assert fine.mean() > 6


def test_night_is_dark_with_bright_windows() -> None:
    glass = list(Label).index(Label.WINDOW)
    for index in range(8):
        facade = draw_facade(2, index, 128)
        window = numbers(facade.labels) == glass
        brightness = facade.night.astype(float).mean(2)
        assert brightness.mean() < 0.5 * facade.day.mean()
        assert np.quantile(brightness[window], 0.95) > 2 * np.median(brightness[~window])


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        draw_facade(1, 1, 16)
    with pytest.raises(ValueError, match="brick"):
        draw_facade(1, 1, 64, "gothic")

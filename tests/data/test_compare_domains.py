"""Two domains are measured as other tools measure them, and what stands out is said: no more and no less."""

import json
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, chelsea, coffee

from limner.data.compare_domains import compare_domains
from limner.data.domain_traits import classifier_accuracy, describe, effect, layout_shift, measure
from limner.data.images import open_image
from limner.synthetic import make_facades

SIDE = 64


def scenes(count, seed, *, side=SIDE, level=128.0, contrast=40.0, tint=(0, 0, 0), place=None, centre_spread=0.0):
    """Smooth random pictures, uint8 (count, 3, side, side); with a place, all detail lies in a disc around it."""
    random = np.random.default_rng(seed)
    images = []
    for _ in range(count):
        coarse = random.normal(0, 1, (16, 16)).astype(np.float32)
        texture = np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))
        if place is not None:
            y, x = np.mgrid[:side, :side] / side
            here = np.asarray(place) + random.uniform(-centre_spread, centre_spread, 2)
            texture = texture * (np.hypot(x - here[0], y - here[1]) < 0.2)
        grey = level + random.normal(0, 8) + contrast * texture
        images.append(np.stack([grey + shift + random.normal(0, 6) for shift in tint]))
    return np.clip(np.rint(images), 0, 255).astype(np.uint8)


def found(a, b, **more):
    return {each.kind: each for each in compare_domains(a, b, **more).differences}


def planes(img):
    return np.ascontiguousarray(img.transpose(2, 0, 1))[None]


@pytest.mark.parametrize("img", [astronaut()[:448, :448], chelsea()[:300, :300], coffee()[:100, 20:120]])
def test_light_and_colour_are_those_of_pillow(img):
    traits = measure(planes(img))
    side = img.shape[0]
    # Blocks of whole pixels, as even as they come, where Pillow would weigh border pixels.
    edges = [number * side // 64 for number in range(65)]
    small = np.array(
        [
            [img[top:bottom, left:right].mean((0, 1)) for left, right in pairwise(edges)]
            for top, bottom in pairwise(edges)
        ]
    )
    image = Image.fromarray(np.rint(small).astype(np.uint8))
    luma = np.asarray(image.convert("L")) / 255
    assert traits.brightness[0] == pytest.approx(luma.mean(), abs=0.003)
    assert traits.contrast[0] == pytest.approx(luma.std(), abs=0.003)
    assert traits.saturation[0] == pytest.approx(np.asarray(image.convert("HSV"))[..., 1].mean() / 255, abs=0.01)
    assert traits.colour[0] == pytest.approx(small.mean((0, 1)) / 255)
    across, down = np.diff(luma, axis=1) ** 2, np.diff(luma, axis=0) ** 2
    energy = np.pad(across, ((0, 0), (0, 1))) + np.pad(down, ((0, 1), (0, 0)))
    expected = energy.reshape(8, 8, 8, 8).sum((1, 3)) / energy.sum()
    assert traits.detail[0] == pytest.approx(expected, abs=0.003)


def test_where_the_detail_sits():
    img = np.full((2, 3, SIDE, SIDE), 90, np.uint8)
    img[0, :, 20:22, 44:46] = 255  # In the cell of row 2 and column 5.
    traits = measure(img)
    assert traits.detail[0, 2, 5] == pytest.approx(1) and traits.detail[1] == pytest.approx(1 / 64)
    assert traits.centre[0] == pytest.approx([5.5 / 8, 2.5 / 8]) and traits.centre[1] == pytest.approx([0.5, 0.5])
    assert traits.detail_spread[0] == pytest.approx(0, abs=1e-6)
    assert traits.detail_spread[1] == pytest.approx(np.sqrt(2 * np.mean((np.arange(8) / 8 + 1 / 16 - 0.5) ** 2)))
    look = describe(traits, 2, [(10, 20), (30, 20), (90, 40)])
    assert np.sum(look.detail) == pytest.approx(1, abs=0.01) and look.size == (30, 20)
    assert look.centre_spread == pytest.approx(np.hypot(1.5, 1.5) / 16, abs=1e-3)
    assert look.middle == pytest.approx((1 + 0.25) / 2, abs=0.01)


def test_how_far_apart():
    random = np.random.default_rng(0)
    a, b = random.normal(0, 1, 400), random.normal(1.5, 1, 100)
    assert effect(a, b, 0) == pytest.approx(1.5 - 2 * np.sqrt(1 / 400 + 1 / 100), abs=0.2)
    assert effect(a, b, 9) == 0 and effect(a, a[::-1], 0) == 0
    left, right = np.tile([1.0, 0.0], (50, 1)), np.tile([0.0, 1.0], (20, 1))
    assert layout_shift(left, right) == (1, 0) and layout_shift(left, left) == (0, 0)
    cells = [random.dirichlet(np.ones(64), 60) for _ in range(40)]
    ratios = [np.divide(*layout_shift(one, other)) for one, other in zip(cells[::2], cells[1::2], strict=True)]
    assert np.mean(ratios) == pytest.approx(1, abs=0.1), "of one distribution, the distance is what chance gives"


def test_telling_apart():
    random = np.random.default_rng(1)
    tables = random.normal(0, 1, (600, 30))
    assert classifier_accuracy(tables[:400], tables[400:]) == pytest.approx(0.5, abs=0.09)
    assert classifier_accuracy(tables[:400] + 5, tables[400:]) == 1
    # Two normal distributions two deviations apart in one column: no rule is right more often than Phi(1) = 0.841.
    shifted = tables[400:].copy()
    shifted[:, 7] += 2
    assert classifier_accuracy(tables[:400], shifted) == pytest.approx(0.841, abs=0.05)


@pytest.mark.parametrize("count", [20, 60])
def test_halves_of_one_folder_are_nearly_the_same(count):
    every = scenes(2 * count, 0)
    (only,) = compare_domains(every[::2], every[1::2]).differences
    assert only.kind == "alike" and only.grade == "strong" and "tempted to copy" in only.sentence


def test_a_clear_difference_alone_is_named():
    plain = scenes(40, 1)
    for kind, other in {
        "brightness": scenes(40, 2, level=180.0),
        "contrast": scenes(40, 2, contrast=15.0),
        "colour": scenes(40, 2, tint=(25, 0, -25)),
    }.items():
        difference = compare_domains(plain, other).differences[0]
        assert (difference.kind, difference.grade) == (kind, "strong")
        assert f"{ {'colour': 'tint'}.get(kind, kind) } alone" in difference.sentence
        assert "framing" not in found(plain, other) and "alike" not in found(plain, other)
    assert found(plain, scenes(40, 2, level=180.0))["brightness"].sentence.startswith("B is brighter than A")


def test_a_slight_difference_is_mild_and_warns_of_nothing():
    comparison = compare_domains(scenes(100, 1), scenes(100, 2, level=138.0))
    assert [(each.kind, each.grade) for each in comparison.differences] == [("brightness", "mild")]
    assert comparison.warnings == []


def test_framing():
    middle, spread = scenes(40, 1, place=(0.5, 0.5)), scenes(40, 2)
    framing = found(middle, spread)["framing"]
    assert framing.grade == "strong" and "100 % of the detail of A sits in the central quarter" in framing.sentence
    assert "data.augment.scale" in framing.remedy and "data.augment_b.scale" in framing.remedy
    aside = found(scenes(40, 3, place=(0.3, 0.5)), scenes(40, 4, place=(0.7, 0.5)))["framing"]
    assert "sits in other places" in aside.sentence
    assert "framing" not in found(middle, scenes(40, 9, place=(0.5, 0.5), level=90.0))


@pytest.mark.parametrize(("share", "grade"), [(0.35, None), (0.42, "mild"), (0.5, "strong")])
def test_how_much_detail_must_lie_elsewhere(share, grade):
    even, other = scenes(60, 1).astype(float), scenes(60, 2).astype(float)
    # The central quarter of even pictures has 0.25 of the energy; this much more contrast there gives it `share`.
    gain = np.ones((SIDE, SIDE))
    gain[16:48, 16:48] = np.sqrt(3 * share / (1 - share))
    level = other.mean((2, 3), keepdims=True)
    other = np.clip(np.rint(level + (other - level) * gain), 0, 255)
    framing = found(even.astype(np.uint8), other.astype(np.uint8)).get("framing")
    assert (framing and framing.grade) == grade


def test_what_chance_gives_is_no_difference_in_framing():
    for seed in range(5):
        some = scenes(24, seed, place=(0.5, 0.5), centre_spread=0.3)
        distance, _ = layout_shift(measure(some[::2]).detail, measure(some[1::2]).detail)
        assert distance > 0.2, "a few pictures with their detail anywhere do differ"
        assert "framing" not in found(some[::2], some[1::2])


def test_loose_framing_is_told_from_tidy():
    # Both reach evenly around the middle, so that only how far each picture strays tells them apart.
    tidy, loose = (
        scenes(60, 3, place=(0.5, 0.5), centre_spread=0.05),
        scenes(60, 4, place=(0.5, 0.5), centre_spread=0.25),
    )
    for a, b, sentence in (
        (tidy, loose, "of A sits at the same place in each picture, that of B wanders"),
        (loose, tidy, "of B sits at the same place in each picture, that of A wanders"),
    ):
        framing = found(a, b)["framing"]
        assert framing.grade == "strong" and sentence in framing.sentence


def test_sizes_shapes_and_counts():
    a, b = scenes(30, 1), scenes(30, 2)
    sizes = ([(300, 200)] * 3, [(64, 96)] * 5)
    differences = found(a, b, sizes=sizes, size=256, counts=(100, 900))
    small = differences["sizes"]
    assert small.grade == "strong" and "pictures of B are small (64 x 96) and enlarged 4.0 times" in small.sentence
    assert "1.3 times" in small.sentence and "data.size near 64" in small.remedy
    assert differences["shapes"].grade == "strong" and "data.fit=crop" in differences["shapes"].remedy
    assert differences["counts"].grade == "mild" and "data.augment.scale" in differences["counts"].remedy
    assert found(a, b, counts=(3000, 100))["counts"].grade == "strong"
    assert "data.augment_b.scale" in found(a, b, counts=(3000, 100))["counts"].remedy
    assert "sizes" not in found(a, b, sizes=sizes, size=64)
    assert "shapes" not in found(a, b, sizes=sizes, fit="crop")
    assert not found(a, b).keys() & {"sizes", "shapes", "counts"}


def test_few_images_say_nothing():
    comparison = compare_domains(scenes(5, 1), scenes(200, 2, level=200.0, tint=(30, 0, 0)), counts=(5, 20))
    assert comparison.classifier_accuracy is None and comparison.differences == []
    assert compare_domains(scenes(1, 1), scenes(1, 2)).a.count == 1


def test_any_size_of_image():
    for side in (8, 16, 50, 100):
        comparison = compare_domains(scenes(25, 1, side=side), scenes(25, 2, side=80, level=190.0))
        assert comparison.differences[0].kind == "brightness"


def test_it_is_json_with_the_strong_ones_first():
    comparison = compare_domains(scenes(40, 1), scenes(40, 2, level=200.0), counts=(40, 240))
    document = json.loads(json.dumps(comparison.as_json(), allow_nan=False))
    assert [each["grade"] for each in document["differences"]] == ["strong", "mild"]
    assert document["a"]["count"] == 40 and document["a"]["looked_at"] == 40 and document["b"]["count"] == 240
    assert len(document["a"]["detail"]) == 8 and document["a"]["size"] is None and document["classifier_accuracy"] == 1
    (warning,) = comparison.warnings
    assert comparison.differences[0].sentence in warning and comparison.differences[0].remedy in warning


def test_drawn_facades_by_day_and_by_night_differ_in_light_not_in_framing(tmp_path):
    make_facades("daynight", 15, 5, tmp_path / "set", 64, None)
    a, b = (
        np.stack([planes(open_image(file))[0] for file in sorted((tmp_path / "set" / f"train{domain}").iterdir())])
        for domain in "AB"
    )
    differences = found(a, b)
    assert len(a) == 12 and differences["brightness"].grade == "strong" and "framing" not in differences

"""Pictures of every kind come out as a person sees them; what is no picture is named with its true reason."""

import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from limner.data.images import ImageError, image_size, open_image


def reason_of(path):
    """Why the picture cannot be opened; None when it can."""
    try:
        open_image(path)
    except ImageError as error:
        return error.reason
    return None


def save(path, image, **options):
    image.save(path, **options)
    return path


def one_colour(pixels):
    assert pixels.dtype == np.uint8 and pixels.shape == (6, 8, 3)
    assert (pixels == pixels[0, 0]).all()
    return tuple(pixels[0, 0].tolist())


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 77, (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
        ("LA", (0, 0), (255, 255, 255)),
        ("LA", (100, 255), (100, 100, 100)),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("RGB", (10, 20, 30), (10, 20, 30)),
        ("I;16", 0x8080, (128, 128, 128)),
        ("I;16", 300, (1, 1, 1)),
    ],
)
def test_png_modes(tmp_path, mode, colour, expected):
    assert one_colour(open_image(save(tmp_path / "a.png", Image.new(mode, (8, 6), colour)))) == expected


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [("CMYK", (0, 255, 255, 0), (255, 0, 0)), ("F", 0.5, (128, 128, 128)), ("F", 200.0, (200, 200, 200))],
)
def test_tiff_modes(tmp_path, mode, colour, expected):
    assert one_colour(open_image(save(tmp_path / "a.tif", Image.new(mode, (8, 6), colour)))) == expected


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    for suffix in ("png", "tif", "pgm"):
        seen = open_image(save(tmp_path / f"a.{suffix}", Image.fromarray(levels)))[..., 0]
        assert np.array_equal(seen, np.rint(levels / 257).astype(np.uint8)), suffix


def test_wide_ranges_are_stretched(tmp_path):
    values = np.linspace(-5, 1e6, 64, dtype=np.float32).reshape(8, 8)
    seen = open_image(save(tmp_path / "a.tif", Image.fromarray(values)))[..., 0]
    assert seen[0, 0] == 0 and seen[-1, -1] == 255 and (np.diff(seen.ravel().astype(int)) >= 0).all()


@pytest.mark.parametrize(
    ("kind", "largest", "becomes"),
    [(np.int32, 1, 255), (np.int32, 255, 255), (np.int32, 200, 200), (np.int32, 65535, 255), (np.int32, 514, 2)],
)
def test_whole_numbers_are_scaled_by_the_smallest_range_that_holds_them(tmp_path, kind, largest, becomes):
    values = np.zeros((8, 8), kind)
    values[0, 0] = largest
    seen = open_image(save(tmp_path / "a.tif", Image.fromarray(values)))
    assert seen.max() == becomes and seen[1:].max() == 0


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_dark_sixteen_bits_stay_dark(tmp_path, suffix):
    levels = np.full((8, 8), 255, np.uint16)
    assert (open_image(save(tmp_path / f"a.{suffix}", Image.fromarray(levels))) == 1).all()


def test_values_that_are_not_numbers_are_refused(tmp_path):
    path = save(tmp_path / "a.tif", Image.fromarray(np.full((8, 8), np.nan, np.float32)))
    assert "not numbers" in reason_of(path)


def test_palette_with_transparency_lies_on_white(tmp_path):
    img = Image.new("P", (8, 6), 1)
    img.putpalette([0, 0, 0, 0, 200, 0])
    assert one_colour(open_image(save(tmp_path / "a.png", img))) == (0, 200, 0)
    assert one_colour(open_image(save(tmp_path / "b.png", img, transparency=1))) == (255, 255, 255)


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 6), colour) for colour in ("red", "blue")]
    path = save(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert one_colour(open_image(path)) == (255, 0, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(tmp_path, orientation):
    upright = np.zeros((6, 8, 3), np.uint8)
    upright[:3, :4] = 255
    undo = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM}
    undo |= {5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE}
    undo |= {8: Image.Transpose.ROTATE_270}
    stored = Image.fromarray(upright)
    if orientation in undo:
        stored = stored.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.png", stored, exif=exif)
    assert np.array_equal(open_image(path), upright)
    assert image_size(path) == (8, 6)


def bomb(side):
    """A PNG of side x side black pixels in a few kilobytes."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + side // 8)) for _ in range(64)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [40_000, 10_000])
def test_bombs_are_refused_before_decoding(tmp_path, side):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(side))
    filters = list(warnings.filters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for look in (open_image, image_size):
            with pytest.raises(ImageError, match=r"bomb\.png: .*too large to be a picture"):
                look(path)
    assert list(warnings.filters) == filters
    assert Image.MAX_IMAGE_PIXELS == 89_478_485


def test_truncated_and_damaged_files(tmp_path, draw):
    whole = draw(tmp_path / "a.jpg", 1, 512, 512).read_bytes()
    for end, reason in ((len(whole) // 2, "truncated"), (10, "Truncated"), (0, "the file is empty")):
        (tmp_path / "a.jpg").write_bytes(whole[:end])
        assert reason in reason_of(tmp_path / "a.jpg")
    png = bytearray(draw(tmp_path / "a.png", 1, 64, 64).read_bytes())
    (tmp_path / "a.png").write_bytes(png[:20])
    assert reason_of(tmp_path / "a.png") == "damaged: Truncated File Read"
    png[len(png) // 2] ^= 0xFF
    (tmp_path / "a.png").write_bytes(png)
    assert "damaged" in reason_of(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>not found</html>", "a text file"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a text file"),
        (bytes(range(256)), "not a JPEG"),
    ],
)
def test_other_files_are_told_by_what_they_are(tmp_path, content, reason):
    (tmp_path / "a.jpg").write_bytes(content)
    assert reason in reason_of(tmp_path / "a.jpg")


@pytest.mark.parametrize("error", [MemoryError(), OSError("out of memory when reading image file")])
def test_too_little_memory_is_no_damage(tmp_path, draw, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(Image.Image, "convert", fail)
    with pytest.raises(ImageError) as raised:
        open_image(draw(tmp_path / "a.png"))
    assert raised.value.reason == "there is not enough memory to open it" and raised.value.passing
    assert "try again" in raised.value.tip


def test_one_pixel_and_missing(tmp_path):
    dot = save(tmp_path / "dot.png", Image.new("RGB", (1, 1)))
    assert reason_of(dot) == "1 x 1 pixels is too small (at least 4 on a side)"
    assert "no such file" in reason_of(tmp_path / "none.png")
    with pytest.raises(ImageError, match=r"none\.png"):
        image_size(tmp_path / "none.png")


def test_a_good_image_has_no_fault(tmp_path, draw):
    assert reason_of(draw(tmp_path / "a.webp")) is None


def test_only_named_decoders_are_tried(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path, format="TGA")
    assert reason_of(path) is not None

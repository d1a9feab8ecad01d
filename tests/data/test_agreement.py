"""`limner data inspect` and training read a folder alike: what one calls pairs, domains or classes the other opens."""

import json

import pytest

from limner.config.data import (
    DomainDataSettings,
    ImageDataSettings,
    LabelledDataSettings,
    PairedDataSettings,
)
from limner.data.inspect import inspect_folder
from limner.data.open import open_data
from limner.errors import DataError

SETTINGS = {
    "pairs": PairedDataSettings,
    "domains": DomainDataSettings,
    "labelled": LabelledDataSettings,
    "images": ImageDataSettings,
}

FOLDERS = {
    "side by side": (["train/1", "train/2", "val/3"], 64, "pairs", {"pairs", "domains", "images"}),
    "trainA trainB": (["trainA/1", "trainA/2", "trainB/1", "trainB/2"], 32, "pairs", {"pairs", "domains"}),
    "train/A train/B": (["train/A/1", "train/A/2", "train/B/1", "train/B/2"], 32, "pairs", {"pairs", "domains"}),
    "A B AB": (["A/1", "A/2", "B/1", "B/2", "AB/1"], 32, "pairs", {"pairs", "domains"}),
    "no partners": (["trainA/1", "trainA/2", "trainB/3", "trainB/4"], 32, "domains", {"domains"}),
    "A alone": (["trainA/1", "trainA/2"], 32, "images", {"images"}),
    "classes": (["cat/1", "cat/2", "dog/3", "dog/4"], 32, "labelled", {"labelled", "images"}),
    "letters": (["a/1", "a/2", "b/1", "b/2", "c/1", "c/2"], 32, "labelled", {"labelled", "images"}),
    "equal names": (["cat/1", "cat/2", "dog/1", "dog/2"], 32, "pairs", {"labelled", "images"}),
    "split equal names": (
        ["train/in/1", "train/in/2", "train/out/1", "train/out/2", "test/in/3", "test/out/3"], 32, "pairs",
        {"labelled", "images"},
    ),
    "photographs": (["1", "2", "deep/3"], 32, "images", {"images"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_what_is_seen_is_what_is_learnt_from(tmp_path, draw, name):
    files, width, kind, opens = FOLDERS[name]
    for number, file in enumerate(files):
        draw(tmp_path / f"{file}.png", number, width, 32)
    seen = inspect_folder(tmp_path, workers=0)
    assert seen.kind == kind
    found = set()
    for other, settings in SETTINGS.items():
        try:
            report = open_data(settings(path=tmp_path, size=32, workers=0, validation=0.0), 1).report
        except DataError as error:
            assert error.tip
            continue
        found.add(other)
        if other == kind:
            assert report.layout == seen.layout
            usable = [
                count for group, count in seen.counts.items() if group.startswith(("train", "A/train", "B/train"))
            ]
            assert [count for split, count in report.counts.items() if split.startswith("train")] == usable
    assert found == opens


@pytest.mark.parametrize(
    ("files", "tip"),
    [
        (["in/1", "in/2", "out/1", "out/2"], "data.path={0}/in data.path_b={0}/out"),
        (["train/in/1", "train/out/1", "test/in/2", "test/out/2"], "rename these two folders to A and B in each split"),
    ],
)
def test_two_folders_of_equal_names_are_named_by_both(tmp_path, draw, files, tip):
    for number, file in enumerate(files):
        draw(tmp_path / f"{file}.png", number)
    tip = tip.format(tmp_path)
    assert inspect_folder(tmp_path, workers=0).notes[-1].endswith(tip)
    for settings in (PairedDataSettings, DomainDataSettings):
        with pytest.raises(DataError, match="two folders of equal names: in, out") as error:
            open_data(settings(path=tmp_path, size=32), 1)
        assert error.value.tip == tip


def test_a_list_that_cannot_be_read_is_noted_and_refused_for_pairs_alone(tmp_path, draw):
    for number in range(3):
        draw(tmp_path / f"{number}.png", number)
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "0.png", "text": "a caption"}\n')
    assert any("line 1 is not an object with input_file_name" in note for note in inspect_folder(tmp_path).notes)
    with pytest.raises(DataError, match="line 1 is not an object"):
        open_data(PairedDataSettings(path=tmp_path, size=32), 1)
    assert sum(open_data(ImageDataSettings(path=tmp_path, size=32), 1).report.counts.values()) == 3


def test_a_list_saved_by_a_windows_editor(tmp_path, draw):
    for number in range(2):
        draw(tmp_path / f"{number}.png", number)
    row = json.dumps({"input_file_name": "0.png", "target_file_name": "1.png"})
    (tmp_path / "metadata.jsonl").write_text(f"{row}\r\n", encoding="utf-8-sig")
    assert inspect_folder(tmp_path).counts == {"train": 1}

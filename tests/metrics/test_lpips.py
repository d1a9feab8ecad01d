"""LPIPS from a file of weights: its formula written out, and never a download."""

import inspect
import logging
from pathlib import Path

import pytest
import torch
import torchmetrics.functional.image.lpips as published
from torch import Tensor, nn
from torchvision.models import alexnet

from limner.data.splits import References
from limner.errors import WeightsError
from limner.metrics import Outputs, available, score
from limner.metrics.lpips import Lpips, lpips_if_there
from limner.weights.pretrained import PRETRAINED, find_weights

FILE = PRETRAINED["alexnet"].file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def no_download(*_: object, **__: object) -> None:
        raise AssertionError("LPIPS tried to download")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", no_download)
    monkeypatch.setattr("urllib.request.urlopen", no_download)
    monkeypatch.setenv("LIMNER_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    return tmp_path


@pytest.fixture(scope="module")
def features() -> nn.Sequential:
    torch.manual_seed(0)
    with torch.device("meta"):
        network: nn.Sequential = alexnet(weights=None).features
    network = network.to_empty(device="cpu")
    for module in network:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            nn.init.normal_(module.bias, 0, 0.1)
    return network.eval()


def put(features: nn.Sequential, path: Path) -> Path:
    state = {f"features.{name}": value for name, value in features.state_dict().items()}
    torch.save(state | {"classifier.6.bias": torch.zeros(3)}, path)
    return path


def by_hand(features: nn.Sequential, generated: Tensor, real: Tensor) -> Tensor:
    """Zhang et al. 2018, equation 1, with the published linear heads."""
    heads = torch.load(
        Path(inspect.getfile(published)).parent / "lpips_models" / "alex.pth", map_location="cpu", weights_only=True
    )
    shift = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)
    ours, theirs = ((2 * images - 1 - shift) / scale for images in (generated, real))
    total, head = torch.zeros(len(real)), 0
    with torch.no_grad():
        for number, layer in enumerate(features[:12]):
            ours, theirs = layer(ours), layer(theirs)
            if number in (1, 4, 7, 9, 11):
                apart = [one / (one.square().sum(1, keepdim=True) + 1e-8).sqrt() for one in (ours, theirs)]
                weight = heads[f"lin{head}.model.1.weight"]
                total = total + ((apart[0] - apart[1]).square() * weight.view(1, -1, 1, 1)).sum(1).mean(dim=(1, 2))
                head += 1
    return total


def test_the_formula(folder: Path, features: nn.Sequential) -> None:
    put(features, folder / FILE)
    draw = torch.Generator().manual_seed(1)
    generated, real = torch.rand(2, 3, 64, 64, generator=draw), torch.rand(2, 3, 64, 64, generator=draw)
    network = lpips_if_there()
    assert network is not None
    distance = network(generated, real)
    assert (distance > 0.01).all()
    torch.testing.assert_close(distance, by_hand(features, generated, real), rtol=1e-4, atol=1e-6)
    assert not network(real, real).any()


def test_scores_carry_it_when_the_weights_are_there(folder: Path, features: nn.Sequential) -> None:
    levels = torch.randint(0, 256, (3, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)

    def scores(images: Tensor) -> dict[str, float]:
        references = References(["0", "1", "2"], images.flip(-1), targets=images.flip(-1))
        return score(Outputs(images), references, available(references))

    assert "lpips" not in scores(levels)
    put(features, folder / FILE)
    for images in (levels, levels[:, :1]):
        unit = images.expand(-1, 3, -1, -1).float() / 255
        expected = float(by_hand(features, unit, unit.flip(-1)).mean())
        assert scores(images)["lpips"] == pytest.approx(expected, rel=1e-4), "a single channel is repeated"
    assert "lpips" not in scores(levels[..., :31, :31])
    assert "lpips" not in scores(levels[:, [0, 1, 2, 0]])


def test_availability_reads_no_weights(folder: Path) -> None:
    (folder / FILE).write_bytes(b"not even weights")
    images = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    assert "lpips" in {metric.name for metric in available(References(["0"], images, targets=images))}


def test_the_network_is_read_once_and_again_when_the_file_changes(folder: Path, features: nn.Sequential) -> None:
    put(features, folder / FILE)
    first = lpips_if_there()
    assert lpips_if_there() is first
    (folder / FILE).unlink()
    torch.save({"features.0.weight": torch.zeros(1)}, folder / FILE)
    with pytest.raises(WeightsError):
        lpips_if_there()


def test_other_weights_are_marked(folder: Path, features: nn.Sequential, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="limner"):
        network = Lpips(find_weights("alexnet", given=put(features, folder / "mine.pth")))
    assert not network.weights.official
    assert network.weights.sha256 in network.weights.mark
    assert "not the reference weights" in caplog.text


def test_a_file_of_another_network_is_refused(folder: Path, features: nn.Sequential) -> None:
    put(features, folder / FILE)
    whole = torch.load(folder / FILE, weights_only=True)
    torch.save({name: value for name, value in whole.items() if name != "features.3.bias"}, folder / FILE)
    with pytest.raises(WeightsError, match=r"'features\.3\.bias' is missing"):
        lpips_if_there()
    torch.save(whole | {"features.3.bias": torch.zeros(7)}, folder / FILE)
    with pytest.raises(WeightsError, match=r"size mismatch .*\[7\]"):
        lpips_if_there()

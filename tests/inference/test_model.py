"""A model's manners: form, size, seed and the state of its norms."""

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from torch import nn

from limner.config.data import DeriveSettings, UseSettings
from limner.data.batch import to_bytes, to_range
from limner.data.derive import derive
from limner.errors import DataError, WeightsError
from limner.inference.load import assemble, load
from limner.methods import build_model
from limner.models import Translator
from limner.models.model_file import ModelCard, model_recipe

CPU = torch.device("cpu")
AS_TRAINED = UseSettings(norm="batch", dropout=True)
CAT = skimage.data.chelsea()[::3, ::3].copy()


def make_card(use=AS_TRAINED, derive=None, **generator):
    data = {"size": 64, "channels": generator.get("in_channels", 3), "derive": derive and derive.model_dump()}
    generator = {"levels": 4, "base_channels": 8, **generator}
    return ModelCard(model_recipe({"method": "pix2pix", "generator": generator, "use": use.model_dump(), "data": data}))


def make_model(use=AS_TRAINED, derive=None, **generator):
    card = make_card(use, derive, **generator)
    torch.manual_seed(3)
    model = build_model(card.recipe)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_normal_(parameter)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-1, 1)
    return assemble(card, model.state_dict(), CPU)


def replace_network(model, network):
    model.model.generators["AtoB"] = network


def reference_of(model):
    """The same network by itself."""
    reference = build_model(model.card.recipe)
    reference.load_state_dict(model.state_dict())
    return reference.generator


def test_what_goes_in_as_a_form_comes_out_as_it():
    model = make_model()
    array = model.translate(CAT, seed=5)
    assert array.dtype == np.uint8 and array.shape == CAT.shape
    image = model.translate(Image.fromarray(CAT), seed=5)
    assert isinstance(image, Image.Image) and np.array_equal(np.asarray(image), array)
    tensor = model.translate(to_range(torch.from_numpy(CAT).permute(2, 0, 1)), seed=5)
    assert tensor.shape == (3, *CAT.shape[:2])
    assert torch.equal(tensor.add(1).mul(127.5).round().byte().permute(1, 2, 0), torch.from_numpy(array))
    first, second = model.translate([CAT, Image.fromarray(CAT[:40])], seed=5)
    assert np.array_equal(first, array) and second.size == (CAT.shape[1], 40)


def test_a_batch_of_tensors_shares_no_statistics():
    model = make_model()
    images = torch.stack([torch.full((3, 32, 48), -0.5), torch.rand(3, 32, 48) * 2 - 1])
    together = model.translate(images, stochastic=False)
    alone = model.translate(images[1], stochastic=False)
    assert together.shape == images.shape
    assert torch.equal(together[1], alone)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "LA"])
def test_images_of_any_mode_are_translated(mode):
    result = make_model().translate(Image.fromarray(CAT).convert(mode), seed=1)
    assert result.mode == "RGB" and result.size == (CAT.shape[1], CAT.shape[0])


@pytest.mark.parametrize("height, width", [(4, 4), (16, 16), (17, 33), (5, 90)])
@pytest.mark.parametrize("size", ["keep", "train"])
def test_any_size_keeps_its_size(height, width, size):
    assert make_model().translate(CAT[:height, :width], size=size).shape == (height, width, 3)


def test_padding_is_cropped_from_where_it_was_added():
    """A network that changes nothing shows any shift."""
    model = make_model()
    network = nn.Sequential(nn.Conv2d(3, 3, 1))
    nn.init.dirac_(network[0].weight)
    nn.init.zeros_(network[0].bias)
    replace_network(model, network)
    assert np.array_equal(model.translate(CAT), CAT)
    assert np.array_equal(model.translate(CAT, tile=64), CAT)


def test_a_seed_repeats_an_image_whatever_else_is_translated():
    model = make_model()
    alone = model.translate(CAT, seed=7)
    assert np.array_equal(model.translate([CAT[:20], CAT], seed=7)[1], alone)
    assert not np.array_equal(model.translate(CAT, seed=8), alone)
    assert not np.array_equal(model.translate(CAT), model.translate(CAT))
    samples = model.translate(CAT, samples=3, seed=7)
    assert np.array_equal(samples[0], alone)
    assert not np.array_equal(samples[1], samples[2])


def test_translating_leaves_the_default_generator_alone():
    model = make_model()
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    make_model()
    model.translate(CAT)
    torch.manual_seed(0)
    model.translate(CAT, seed=3)
    assert torch.equal(torch.rand(3), expected)


def test_without_noise_samples_are_alike_and_the_recipe_decides():
    quiet = make_model(UseSettings(norm="batch", dropout=False))
    assert np.array_equal(quiet.translate(CAT), quiet.translate(CAT))
    assert not np.array_equal(quiet.translate(CAT, stochastic=True, seed=1), quiet.translate(CAT))
    noisy = make_model()
    assert np.array_equal(noisy.translate(CAT, stochastic=False), quiet.translate(CAT))


def test_batch_norm_uses_the_image_at_hand_and_remembers_nothing():
    model = make_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    output = model.translate(to_range(torch.from_numpy(CAT[:96, :144]).permute(2, 0, 1)), stochastic=False)
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    reference = reference_of(model).train()
    for module in reference.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    with torch.no_grad():
        expected = reference(to_range(torch.from_numpy(CAT[:96, :144]).permute(2, 0, 1))[None])[0]
    torch.testing.assert_close(output, expected)


def test_running_statistics_when_the_recipe_says_so():
    running = make_model(UseSettings(norm="running", dropout=False))
    img = to_range(torch.from_numpy(CAT[:96, :144]).permute(2, 0, 1))
    reference = reference_of(running).eval()
    with torch.no_grad():
        torch.testing.assert_close(running.translate(img), reference(img[None])[0])


@pytest.mark.parametrize("norm", [nn.BatchNorm2d(3).train(), nn.InstanceNorm2d(3)], ids=["batch", "instance"])
def test_tiles_do_not_make_a_chequerboard(norm):
    """A picture dark on one side: tiles normalised by their own statistics would bring both sides to one brightness."""
    model = make_model()
    network = nn.Sequential(norm, nn.Conv2d(3, 3, 1))
    nn.init.dirac_(network[1].weight)
    network[1].weight.data.mul_(0.4)
    nn.init.zeros_(network[1].bias)
    replace_network(model, network)
    img = np.concatenate([CAT // 4, 192 + CAT // 4], axis=1)
    whole = model.translate(img).astype(float)
    tiled = model.translate(img, tile=64).astype(float)
    assert np.abs(tiled - whole).mean() < 6
    left, right = tiled[:, :64].mean(), tiled[:, -64:].mean()
    assert right - left > 80


def test_tiles_of_a_whole_network_resemble_the_untiled_image():
    model = make_model()
    img = np.concatenate([CAT, CAT[:, ::-1]], axis=1)
    whole = model.translate(img, stochastic=False).astype(float)
    tiled = model.translate(img, stochastic=False, tile=64).astype(float)
    assert tiled.shape == whole.shape
    assert np.abs(tiled - whole).mean() < 0.5 * whole.std()


def test_tiles_that_cannot_be_are_refused():
    with pytest.raises(DataError, match="multiples of 16") as caught:
        make_model().translate(CAT, tile=70)
    assert caught.value.tip == "--tile 64"


def test_tensors_outside_the_range_are_refused():
    with pytest.raises(DataError, match=r"reach from 0 to 255.*\[-1, 1\]"):
        make_model().translate(torch.arange(3 * 256.0).reshape(3, 16, 16) % 256)
    with pytest.raises(DataError, match="reach from nan"):
        make_model().translate(torch.full((3, 16, 16), torch.nan))


@pytest.mark.parametrize("wrong", ["cat.png", np.zeros((8, 8, 3)), np.zeros((8, 8, 2), np.uint8), torch.zeros(1, 8, 8)])
def test_what_is_no_image_is_refused(wrong):
    with pytest.raises(DataError) as caught:
        make_model().translate(wrong)
    assert "PIL" in caught.value.tip


def test_an_image_beyond_memory_is_refused_before_it_starts(monkeypatch):
    monkeypatch.setattr("limner.inference.image_memory.UNASKED", 1000)
    monkeypatch.setattr("limner.inference.image_memory.free_memory", lambda: 100_000)
    with pytest.raises(DataError, match="GiB of memory") as caught:
        make_model().translate(CAT)
    assert "--tile" in caught.value.tip
    make_model().translate(CAT[:16, :16])


def test_memory_is_asked_about_at_a_size_that_the_network_takes(monkeypatch):
    """A network of one's own need not say what it demands."""
    model = make_model()
    network = nn.Sequential(nn.Conv2d(3, 4, 4, 2, 1), nn.InstanceNorm2d(4), nn.ConvTranspose2d(4, 3, 4, 2, 1))
    model.model.sizes = Translator({"AtoB": network}).sizes
    replace_network(model, network)
    expected = model.translate(CAT[:96, :96])
    monkeypatch.setattr("limner.inference.image_memory.UNASKED", 1000)
    assert np.array_equal(model.translate(CAT[:96, :96]), expected)


def test_a_derived_input_is_made_as_in_training():
    model = make_model(derive=DeriveSettings(kind="grey"))
    grey = np.asarray(Image.fromarray(CAT).convert("L").convert("RGB"))
    assert np.array_equal(model.translate(CAT, derive=True, seed=1), model.translate(CAT, derive=True, seed=1))
    assert np.array_equal(model.translate(CAT, derive=True, stochastic=False), model.translate(grey, stochastic=False))
    with pytest.raises(DataError, match="how its inputs were made"):
        make_model().translate(CAT, derive=True)


def test_a_saved_model_gives_the_same_image(tmp_path):
    model = make_model(derive=DeriveSettings(kind="edges", strength=2.0))
    model.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors", device="cpu")
    assert again.card == model.card and again.size == 64
    assert np.array_equal(again.translate(CAT, seed=4), model.translate(CAT, seed=4))


def test_weights_of_another_network_are_refused():
    with pytest.raises(WeightsError, match="do not belong"):
        assemble(make_card(levels=5), make_model().state_dict(), CPU)


def test_a_16_bit_image_is_scaled_not_clipped():
    """The same picture as 8 and as 16 bits is the same question."""
    grey = np.asarray(Image.fromarray(CAT).convert("L"))
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    model = make_model()
    made = model.translate(deep, stochastic=False)
    assert np.array_equal(np.asarray(made), np.asarray(model.translate(Image.fromarray(grey), stochastic=False)))


GREY = {"in_channels": 1, "out_channels": 1}


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P"])
def test_a_model_of_grey_images_makes_grey_images(mode):
    model = make_model(**GREY)
    made = model.translate(Image.fromarray(CAT).convert(mode), seed=1)
    assert made.mode == "L" and made.size == (CAT.shape[1], CAT.shape[0])
    assert np.asarray(made).std() > 1
    if mode == "RGB":
        assert np.array_equal(made, model.translate(Image.fromarray(CAT).convert("L"), seed=1))


def test_a_model_of_grey_images_takes_every_other_form():
    model, grey = make_model(**GREY), np.asarray(Image.fromarray(CAT).convert("L"))
    expected = np.asarray(model.translate(Image.fromarray(grey), seed=1))
    for array in (grey, grey[:, :, None], CAT):
        assert np.array_equal(model.translate(array, seed=1), expected[:, :, None])
    tensor = model.translate(to_range(torch.from_numpy(grey.copy())[None]), seed=1)
    assert tensor.shape == (1, *grey.shape) and torch.equal(to_bytes(tensor)[0], torch.from_numpy(expected.copy()))
    with pytest.raises(DataError, match=r"no picture of 1 channels"):
        model.translate(torch.zeros(3, 16, 16))


def test_a_grey_input_is_derived_from_the_photograph_in_colour():
    """The noise of `blur-noise` follows from the photograph's own pixels."""
    how = DeriveSettings(kind="blur-noise")
    model = make_model(derive=how, **GREY)
    grey = Image.fromarray(derive(CAT, how, 64)).convert("L")
    made = model.translate(Image.fromarray(CAT), derive=True, stochastic=False)
    assert np.array_equal(made, model.translate(grey, stochastic=False))


def test_a_model_of_many_channels_takes_tensors():
    model = make_model(in_channels=4, out_channels=2)
    assert model.translate(torch.zeros(4, 20, 30)).shape == (2, 20, 30)
    with pytest.raises(DataError, match="4 channels") as caught:
        model.translate(Image.fromarray(CAT))
    assert caught.value.tip == "give a float tensor (4, H, W)"


def test_what_is_no_picture_comes_out_as_an_array_or_a_tensor_only():
    model = make_model(out_channels=2)
    assert model.translate(CAT).shape == (*CAT.shape[:2], 2)
    with pytest.raises(DataError, match="2 channels is no picture") as caught:
        model.translate(Image.fromarray(CAT))
    assert "tensors" in caught.value.tip


def test_a_translator_makes_nothing_from_noise():
    with pytest.raises(DataError, match="translates images and makes none") as caught:
        make_model().generate(3)
    assert caught.value.tip == "use translate"

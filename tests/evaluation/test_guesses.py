"""The guesses to beat, on pictures whose answer is known."""

import torch

from limner.evaluation.guesses import mean_target, median_colour


def test_mean_target_is_the_mean_everywhere() -> None:
    targets = torch.stack([torch.zeros(3, 4, 4), torch.full((3, 4, 4), 100.0)]).to(torch.uint8)
    guess = mean_target(targets, 3)
    assert guess.shape == (3, 3, 4, 4) and guess.dtype == torch.uint8
    assert (guess == 50).all()


def test_median_colour_answers_with_the_label_of_each_pixel() -> None:
    labels = torch.zeros(5, 3, 2, 2, dtype=torch.uint8)
    labels[:, 0, :, 1] = 255  # the right column is red
    targets = torch.zeros(5, 3, 2, 2, dtype=torch.uint8)
    targets[:, :, :, 1] = torch.tensor([10, 20, 30, 40, 200], dtype=torch.uint8).view(5, 1, 1)
    guess = median_colour(labels, targets, labels[:1])
    assert (guess[0, :, :, 0] == 0).all()
    assert (guess[0, :, :, 1] == 30).all()


def test_grey_label_maps_of_a_grey_task() -> None:
    labels = torch.tensor([[0, 255], [0, 255]], dtype=torch.uint8).expand(3, 1, 2, 2)
    targets = torch.stack([torch.full((1, 2, 2), level) for level in (10, 20, 90)]).to(torch.uint8)
    assert (median_colour(labels, targets, labels[:1]) == 20).all()
    assert mean_target(targets, 2).shape == (2, 1, 2, 2)


def test_an_unknown_label_gets_the_median_of_everything() -> None:
    inputs = torch.zeros(2, 3, 2, 2, dtype=torch.uint8)
    targets = torch.full((2, 3, 2, 2), 77, dtype=torch.uint8)
    question = torch.full((1, 3, 2, 2), 128, dtype=torch.uint8)
    assert (median_colour(inputs, targets, question) == 77).all()

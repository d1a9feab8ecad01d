"""The pool of generated pictures, against the rule as the paper states it, picture by picture."""

from __future__ import annotations

import torch
from torch import Tensor

from limner.data.batch import to_bytes, to_range
from limner.methods.image_pool import ImagePool
from limner.random import Draw

SIZE = 2
CPU = torch.device("cpu")


def fakes(first: int, count: int) -> Tensor:
    """Pictures that can be told apart: number n is n everywhere, as bytes."""
    levels = torch.arange(first, first + count, dtype=torch.uint8)
    return to_range(levels[:, None, None, None].expand(count, 3, SIZE, SIZE).clone())


def numbers(images: Tensor) -> list[int]:
    return [int(level) for level in to_bytes(images)[:, 0, 0, 0]]


class Plain:
    """The same with a list and if, drawing the same numbers."""

    def __init__(self, length: int) -> None:
        self.length, self.kept = length, list[int]()

    def show(self, new: list[int], draw: Draw) -> list[int]:
        coins, places = draw.uniform(len(new)).tolist(), draw.integers(self.length, len(new)).tolist()
        shown = []
        for number, coin, place in zip(new, coins, places, strict=True):
            if len(self.kept) < self.length:
                self.kept.append(number)
                shown.append(number)
            elif coin > 0.5:
                shown.append(self.kept[place])
                self.kept[place] = number
            else:
                shown.append(number)
        return shown


def test_it_follows_the_rule_of_the_paper() -> None:
    pool, plain = ImagePool(5, SIZE), Plain(5)
    old = 0
    for call in range(40):
        new = fakes(3 * call, 3)
        shown = numbers(pool(new, Draw(call, CPU)))
        assert shown == plain.show(numbers(new), Draw(call, CPU))
        assert numbers(to_range(pool.images))[: len(plain.kept)] == plain.kept
        old += sum(number < 3 * call for number in shown)
    assert 30 < old < 85, "about half of what is shown is old"


def test_everything_is_in_the_checkpoint() -> None:
    pool, again = ImagePool(4, SIZE), ImagePool(4, SIZE)
    for call in range(7):
        pool(fakes(2 * call, 2), Draw(call, CPU))
    again.load_state_dict(pool.state_dict())
    assert torch.equal(pool(fakes(50, 4), Draw(9, CPU)), again(fakes(50, 4), Draw(9, CPU)))


def test_no_gradient_flows_through_it() -> None:
    image = fakes(0, 2).requires_grad_()
    assert not ImagePool(4, SIZE)(image, Draw(0, CPU)).requires_grad
    assert not ImagePool(0, SIZE)(image, Draw(0, CPU)).requires_grad


def test_in_evaluation_mode_it_hands_everything_on_and_keeps_nothing() -> None:
    pool = ImagePool(2, SIZE)
    for call in range(5):
        pool(fakes(call, 1), Draw(call, CPU))
    before = {name: value.clone() for name, value in pool.state_dict().items()}
    pool.eval()
    image = fakes(0, 1).requires_grad_()
    assert not pool(image, Draw(0, CPU)).requires_grad
    for call in range(9):
        assert numbers(pool(fakes(100 + call, 1), Draw(call, CPU))) == [100 + call]
    assert all(torch.equal(pool.state_dict()[name], value) for name, value in before.items())
    pool.train()
    later = [numbers(pool(fakes(100 + call, 1), Draw(call, CPU))) for call in range(9)]
    assert later != [[100 + call] for call in range(9)]


def test_a_length_of_nothing_keeps_nothing() -> None:
    assert numbers(ImagePool(0, SIZE)(fakes(7, 3), Draw(0, CPU))) == [7, 8, 9]

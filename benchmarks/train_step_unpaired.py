"""The CycleGAN and the CUT step at 256 px, batch 1 (ResNet of 9 blocks): limner beside the peers' eager fp32 steps.

    python benchmarks/train_step_unpaired.py cyclegan --peer PYTORCH_GAN [--rounds 5] [--threads 2] [--device cpu]
    python benchmarks/train_step_unpaired.py cut --peer CUT

With the identity term, and for CycleGAN the image pools. PYTORCH_GAN is a checkout of
eriklindernoren/PyTorch-GAN, CUT one of taesungp/contrastive-unpaired-translation. Their networks and losses run as they
stand; each variant has a process of its own and takes one step in turn.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import torch
from stepping import Step, race, training_step
from torch.nn.functional import l1_loss, mse_loss

from limner.config.load import load_recipe
from limner.data.batch import DomainBatch

SIZE = 256
PEERS = {"cyclegan": "PyTorch-GAN fp32", "cut": "CUT's own code fp32"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=[*PEERS])
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    race({"peer": PEERS[options.method], "fp32": "limner fp32", "bf16": "limner bf16"}, make, options)


def make(name: str, options: argparse.Namespace) -> Step:
    device = torch.device(options.device)
    batch = DomainBatch(*(torch.randint(0, 256, (1, 3, SIZE, SIZE), dtype=torch.uint8) for _ in range(2)))
    if name == "peer":
        peer = peer_cyclegan if options.method == "cyclegan" else peer_cut
        return peer(options.peer, batch, device)
    return training_step(load_recipe(f"{options.method}-horse2zebra", [f"precision={name}"]), batch, device)


def peer_cyclegan(checkout: Path, batch: DomainBatch, device: torch.device) -> Step:
    """The step of PyTorch-GAN's cyclegan.py, written out on its own networks and replay buffers."""
    sys.path.insert(0, str(checkout / "implementations" / "cyclegan"))
    import models
    import utils

    shape = (3, SIZE, SIZE)
    g_ab, g_ba = (models.GeneratorResNet(shape, 9).to(device) for _ in range(2))
    d_a, d_b = (models.Discriminator(shape).to(device) for _ in range(2))
    of_generators = torch.optim.Adam(itertools.chain(g_ab.parameters(), g_ba.parameters()), 2e-4, (0.5, 0.999))
    of_a, of_b = (torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999)) for d in (d_a, d_b))
    old_a, old_b = utils.ReplayBuffer(), utils.ReplayBuffer()
    valid, invalid = (torch.full((1, *d_a.output_shape), float(value), device=device) for value in (1, 0))

    def step() -> None:
        here = batch.on(device)
        of_generators.zero_grad()
        identity = (l1_loss(g_ba(here.a), here.a) + l1_loss(g_ab(here.b), here.b)) / 2
        fake_b, fake_a = g_ab(here.a), g_ba(here.b)
        fooled = (mse_loss(d_b(fake_b), valid) + mse_loss(d_a(fake_a), valid)) / 2
        cycle = (l1_loss(g_ba(fake_b), here.a) + l1_loss(g_ab(fake_a), here.b)) / 2
        (fooled + 10 * cycle + 5 * identity).backward()
        of_generators.step()
        for discriminator, optimiser, real, old, fake in (
            (d_a, of_a, here.a, old_a, fake_a),
            (d_b, of_b, here.b, old_b, fake_b),
        ):
            optimiser.zero_grad()
            shown = old.push_and_pop(fake).detach()
            ((mse_loss(discriminator(real), valid) + mse_loss(discriminator(shown), invalid)) / 2).backward()
            optimiser.step()

    return step


def peer_cut(checkout: Path, batch: DomainBatch, device: torch.device) -> Step:
    """CUT's own model class with its default options, its `optimize_parameters` as the step."""
    sys.path.insert(0, str(checkout))
    from models.cut_model import CUTModel

    options = argparse.Namespace(
        gpu_ids=[device.index or 0] if device.type == "cuda" else [], isTrain=True, checkpoints_dir="", name="",
        preprocess="resize_and_crop", nce_layers="0,4,8,12,16", nce_idt=True, input_nc=3, output_nc=3, ngf=64, ndf=64,
        netG="resnet_9blocks", normG="instance", no_dropout=True, init_type="xavier", init_gain=0.02,
        no_antialias=False, no_antialias_up=False, netF="mlp_sample", netF_nc=256, netD="basic", n_layers_D=3,
        normD="instance", gan_mode="lsgan", lr=2e-4, beta1=0.5, beta2=0.999, lambda_NCE=1.0, lambda_GAN=1.0,
        nce_T=0.07, nce_includes_all_negatives_from_minibatch=False, num_patches=256, flip_equivariance=False,
        direction="AtoB", batch_size=1,
    )  # fmt: skip
    model = CUTModel(options)

    def data() -> dict[str, object]:
        here = batch.on(device)
        return {"A": here.a, "B": here.b, "A_paths": "", "B_paths": ""}

    model.data_dependent_initialize(data())

    def step() -> None:
        model.set_input(data())
        model.optimize_parameters()

    return step


if __name__ == "__main__":
    main()

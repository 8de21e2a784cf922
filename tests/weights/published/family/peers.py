"""Peers' own classes with random weights, saved in their published layout, loaded here, compared.

Every function of `CASES` makes one in a folder and returns the largest absolute differences by name; the tests of each
family bound them, `tools/parity.py` prints them.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from torch import Tensor, nn

import sightline

SMALL = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128)
CLIP_TEXT = SMALL | dict(vocab_size=60, max_position_embeddings=12, bos_token_id=58, eos_token_id=59, pad_token_id=0)
SIGLIP_TEXT = SMALL | dict(vocab_size=60, max_position_embeddings=64, bos_token_id=0, eos_token_id=1, pad_token_id=1)
VISION = SMALL | dict(image_size=32, patch_size=8)


@dataclass(frozen=True)
class Case:
    """What `make parity` prints a row of."""

    family: str
    peer: str
    run: Callable[[Path], dict[str, float]]
    tolerance: float = 1e-5


CASES: list[Case] = []


def case(family: str, peer: str, tolerance: float = 1e-5) -> Callable:
    """Adds a function of a folder to `CASES`."""

    def add(run: Callable[[Path], dict[str, float]]) -> Callable[[Path], dict[str, float]]:
        CASES.append(Case(family, peer, run, tolerance))
        return run

    return add


def randomise(module: nn.Module, seed: int = 0) -> nn.Module:
    """Every parameter and every buffer of numbers drawn anew, so that nothing is zero or one by its start.

    Small enough for activations to stay of order one; norms near one, variances positive, the scale near e.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if not value.is_floating_point():
                continue
            noise = torch.randn(value.shape, generator=generator)
            if "var" in name:
                new = 0.5 + noise.abs()
            elif "logit_scale" in name:
                new = 1 + 0.1 * noise
            elif value.ndim == 1 and "weight" in name:
                new = 1 + 0.2 * noise
            elif value.ndim >= 2 and "embedding" not in name:
                new = noise * value[0].numel() ** -0.5
            else:
                new = 0.2 * noise
            value.copy_(new)
    return module.eval()


def quiet() -> None:
    """transformers says nothing while it writes."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def pictures(count: int = 3, size: tuple[int, int] = (32, 32), channels: int = 3) -> Tensor:
    return torch.randn(count, channels, *size, generator=torch.Generator().manual_seed(7))


def clip_ids(count: int = 4, length: int = 12, end: int = 59) -> Tensor:
    """Texts of several lengths that end in `end`; padding is the end again in one, zero in the others."""
    ids = torch.randint(1, end - 1, (count, length), generator=torch.Generator().manual_seed(8))
    for row in range(count):
        stop = 3 + 2 * row
        ids[row, stop:] = end if row == 0 else 0
        ids[row, stop] = end
    return ids


def full_ids(count: int = 4, length: int = 64, vocab: int = 60) -> Tensor:
    return torch.randint(0, vocab, (count, length), generator=torch.Generator().manual_seed(9))


def apart(theirs: Tensor, ours: Tensor) -> float:
    """The largest absolute difference of tensors of one shape, which vary: equal constants would prove nothing."""
    assert theirs.shape == ours.shape, (theirs.shape, ours.shape)
    assert float(theirs.std()) > 1e-2, float(theirs.std())
    return float((theirs - ours).abs().max())


def logits(encoder, images, ids: Tensor) -> Tensor:
    """Similarities as a user computes them, pictures in rows."""
    scale, bias = encoder.logit_scale.exp(), encoder.logit_bias
    return scale * encoder.encode_image(images, True) @ encoder.encode_text(ids, True).T + (0 if bias is None else bias)


def whole(encoder, features) -> Tensor:
    """Prefix and tokens as the peer's sequence has them."""
    return torch.cat([features.prefix, features.tokens], 1)


@case("CLIP", "transformers CLIPModel")
def clip_model(folder: Path, eos: int = 59, act: str = "quick_gelu") -> dict[str, float]:
    from transformers import CLIPConfig, CLIPModel

    quiet()
    text, vision = CLIP_TEXT | dict(eos_token_id=eos, hidden_act=act), VISION | dict(hidden_act=act)
    peer = randomise(CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=48)))
    peer.save_pretrained(folder)
    ours = sightline.load(f"local-dir:{folder}", device="cpu")
    ids, found = clip_ids(), {}
    with torch.no_grad():
        text = peer.get_text_features(ids).pooler_output
        found["text"] = apart(text, ours.encode_text(ids))
        for name, size in (("", (32, 32)), ("@", (48, 40))):
            images = pictures(size=size)
            theirs = peer(input_ids=ids, pixel_values=images, interpolate_pos_encoding=True)
            vectors = peer.get_image_features(images, interpolate_pos_encoding=True).pooler_output
            # HF gives the tokens before its last norm, which is only applied to the class token: like with like
            tokens = peer.vision_model.post_layernorm(theirs.vision_model_output.last_hidden_state)
            found[f"image{name}"] = apart(vectors, ours.encode_image(images))
            found[f"tokens{name}"] = apart(tokens, whole(ours, ours.features(images)))
            found[f"logits{name}"] = apart(theirs.logits_per_image, logits(ours, images, ids))
    return found


@case("CLIP", "transformers CLIPVisionModel")
def clip_vision(folder: Path) -> dict[str, float]:
    from transformers import CLIPVisionConfig, CLIPVisionModel, CLIPVisionModelWithProjection

    quiet()
    bare = randomise(CLIPVisionModel(CLIPVisionConfig(**VISION)))
    bare.save_pretrained(folder / "bare")
    projected = randomise(CLIPVisionModelWithProjection(CLIPVisionConfig(**VISION, projection_dim=48)))
    projected.save_pretrained(folder / "projected")
    images = pictures()
    with torch.no_grad():
        one = sightline.load(folder / "bare", device="cpu")
        theirs = bare(images)
        two = sightline.load(folder / "projected", device="cpu")
        tokens = bare.post_layernorm(theirs.last_hidden_state)
        return {
            "image": max(
                apart(theirs.pooler_output, one.encode_image(images)),
                apart(projected(images).image_embeds, two.encode_image(images)),
            ),
            "tokens": apart(tokens, whole(one, one.features(images))),
        }


@case("CLIP", "transformers CLIPTextModel")
def clip_text(folder: Path) -> dict[str, float]:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    quiet()
    bare = randomise(CLIPTextModel(CLIPTextConfig(**CLIP_TEXT)))
    bare.save_pretrained(folder / "bare")
    projected = randomise(CLIPTextModelWithProjection(CLIPTextConfig(**CLIP_TEXT, projection_dim=48)))
    projected.save_pretrained(folder / "projected")
    ids = clip_ids()
    with torch.no_grad():
        one, two = sightline.load(folder / "bare", device="cpu"), sightline.load(folder / "projected", device="cpu")
        differences = (
            apart(bare(ids).pooler_output, one.encode_text(ids)),
            apart(projected(ids).text_embeds, two.encode_text(ids)),
        )
    return {"text": max(differences)}


@case("SigLIP", "transformers SiglipModel")
def siglip_model(folder: Path) -> dict[str, float]:
    from transformers import SiglipConfig, SiglipModel

    quiet()
    peer = randomise(SiglipModel(SiglipConfig(text_config=SIGLIP_TEXT, vision_config=VISION)))
    peer.save_pretrained(folder)
    ours = sightline.load(folder, device="cpu")
    ids, found = full_ids(), {}
    with torch.no_grad():
        found["text"] = apart(peer.get_text_features(ids).pooler_output, ours.encode_text(ids))
        for name, size in (("", (32, 32)), ("@", (48, 40))):
            images = pictures(size=size)
            theirs = peer(input_ids=ids, pixel_values=images, interpolate_pos_encoding=True)
            vectors = peer.get_image_features(images, interpolate_pos_encoding=True).pooler_output
            tokens = theirs.vision_model_output.last_hidden_state
            found[f"image{name}"] = apart(vectors, ours.encode_image(images))
            found[f"tokens{name}"] = apart(tokens, ours.features(images).tokens)
            found[f"logits{name}"] = apart(theirs.logits_per_image, logits(ours, images, ids))
    return found


@case("SigLIP", "transformers SiglipVisionModel, SiglipTextModel")
def siglip_halves(folder: Path) -> dict[str, float]:
    from transformers import SiglipTextConfig, SiglipTextModel, SiglipVisionConfig, SiglipVisionModel

    quiet()
    vision = randomise(SiglipVisionModel(SiglipVisionConfig(**VISION)))
    vision.save_pretrained(folder / "vision")
    text = randomise(SiglipTextModel(SiglipTextConfig(**SIGLIP_TEXT, projection_size=48)))
    text.save_pretrained(folder / "text")
    images, ids = pictures(), full_ids()
    eyes, words = sightline.load(folder / "vision", device="cpu"), sightline.load(folder / "text", device="cpu")
    with torch.no_grad():
        theirs = vision(images)
        return {
            "image": apart(theirs.pooler_output, eyes.encode_image(images)),
            "text": apart(text(ids).pooler_output, words.encode_text(ids)),
            "tokens": apart(theirs.last_hidden_state, eyes.features(images).tokens),
        }


def naflex_batch(patch: int = 8, channels: int = 3, length: int = 30) -> tuple[Tensor, Tensor, Tensor]:
    """(patches, mask, grids) of several aspect ratios, padded with numbers that must not matter."""
    grids = torch.tensor([[4, 4], [2, 9], [6, 3], [5, 6], [1, 1]])
    generator = torch.Generator().manual_seed(11)
    patches = torch.randn(len(grids), length, patch * patch * channels, generator=generator)
    return patches, torch.arange(length) < grids.prod(1)[:, None], grids


@case("SigLIP 2 NaFlex", "transformers Siglip2Model")
def siglip2_model(folder: Path) -> dict[str, float]:
    from transformers import Siglip2Config, Siglip2Model

    from sightline.towers.naflex import Patches

    quiet()
    vision = SMALL | dict(patch_size=8, num_patches=16)
    peer = randomise(Siglip2Model(Siglip2Config(text_config=SIGLIP_TEXT, vision_config=vision)))
    peer.save_pretrained(folder)
    ours = sightline.load(folder, device="cpu")
    patches, mask, grids = naflex_batch()
    ids, batch = full_ids(), Patches(patches=patches, mask=mask, grid=grids)
    with torch.no_grad():
        given = dict(pixel_values=patches, pixel_attention_mask=mask.int(), spatial_shapes=grids)
        theirs = peer(input_ids=ids, **given)
        real = mask[..., None]
        features = ours.features(batch)
        return {
            "image": apart(peer.get_image_features(**given).pooler_output, ours.encode_image(batch)),
            "text": apart(peer.get_text_features(ids).pooler_output, ours.encode_text(ids)),
            "tokens": apart(theirs.vision_model_output.last_hidden_state * real, features.tokens * real),
            "logits": apart(theirs.logits_per_image, logits(ours, batch, ids)),
        }


def check(family: str, folder: Path) -> None:
    """Every case of a family stays within its tolerance."""
    chosen = [case for case in CASES if case.family == family]
    assert chosen, family
    for number, case in enumerate(chosen):
        found = case.run(folder / str(number))
        assert all(value <= case.tolerance for value in found.values()), (case.peer, found)

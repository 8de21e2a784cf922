"""Two gloo processes equal one where not every picture counts: false captions and search terms that only some have."""

import pytest
import torch

from sightline import dist
from sightline.methods.image_text import clip, siglip
from sightline.methods.image_text.clip import CLIP
from sightline.methods.image_text.siglip import SigLIP
from sightline.methods.parts import terms
from sightline.methods.parts.terms import WithTerms
from sightline.towers import BagSpec, ViTSpec

B, T = 6, 5


def model(kind):
    torch.manual_seed(1)
    image = ViTSpec(size=8, patch=4, dim=8, depth=1, heads=2).build()
    text = BagSpec(vocab=12, length=4, dim=8).build()
    pair = CLIP(image, text, 6) if kind == "clip" else SigLIP(image, text, 6)
    inner = clip.Config() if kind == "clip" else siglip.Config()
    return WithTerms(pair, terms.Config(pair=inner, weight=0.7)).double()


def whole(has_negative, has_term):
    generator = torch.Generator().manual_seed(5)
    tokens, negatives, names = (torch.randint(2, 12, (n, 4), generator=generator) for n in (B, B, T))
    image = torch.randn(B, 3, 8, 8, generator=generator, dtype=torch.float64)
    counted = {"has_negative": torch.tensor(has_negative).bool(), "has_term": torch.tensor(has_term).bool()}
    return {"image": image, "tokens": tokens, "negatives": negatives, "terms": names} | counted


def share(batch):
    """My rows, and of the terms those that stand on them, as the loader makes a rank's."""
    b = B // dist.world()
    mine = {key: value if key == "terms" else value[dist.offset(b) :][:b] for key, value in batch.items()}
    stands = mine["has_term"].any(0)
    # a shorter table of the same words: padding is not part of a word
    return mine | {"terms": mine["terms"][stands], "has_term": mine["has_term"][:, stands]}


def learn(kind, has_negative, has_term):
    """(terms of the loss, gradients) of my share."""
    method = model(kind)
    losses = method(share(whole(has_negative, has_term)))
    sum(losses.values()).backward()
    dist.all_reduce_gradients(method.parameters())
    return {k: float(dist.mean(v)) for k, v in losses.items()}, {n: p.grad for n, p in method.named_parameters()}


SHARED = [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0] * 5, [0, 1, 1, 0, 0], [0, 0, 0, 0, 1], [1, 0, 0, 1, 0]]
"""the first two terms stand on pictures of both ranks"""
ONE_SIDED, NONE = [*SHARED[:3], [0] * 5, [0] * 5, [0] * 5], [[0] * 5] * 6


@pytest.mark.parametrize("kind", ["clip", "siglip"])
@pytest.mark.parametrize(
    ("has_negative", "has_term"),
    [([1, 1, 1, 0, 1, 0], SHARED), ([0, 0, 0, 1, 0, 1], ONE_SIDED), ([0] * 6, NONE)],
    ids=["uneven", "one rank has none", "none at all"],
)
def test_two_ranks_equal_one_whoever_has_the_captions_that_count(ranks, kind, has_negative, has_term):
    losses, gradients = learn(kind, has_negative, has_term)
    for mine, theirs in ranks.run(__file__, "learn", kind, has_negative, has_term):
        assert mine == pytest.approx(losses, rel=1e-9)
        assert theirs.keys() == gradients.keys()
        for name, value in gradients.items():
            torch.testing.assert_close(theirs[name], value, rtol=1e-7, atol=1e-12, msg=lambda m, n=name: f"{n}: {m}")
    if not any(has_negative):
        assert losses["negatives"] == 0 == losses["terms"]

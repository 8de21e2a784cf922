"""Two gloo processes equal one for words beside a teacher: losses, gradients and weights after three steps."""

import pytest
import torch
from rank_steps import trained

from sightline import dist
from sightline.methods.image_text import clip, siglip
from sightline.methods.image_text.silc import SILC
from sightline.methods.image_text.silc import Config as Silc
from sightline.methods.image_text.tips import TIPS
from sightline.methods.image_text.tips import Config as Tips
from sightline.methods.parts.follower import Following
from sightline.methods.parts.targets import Centering, Sinkhorn
from sightline.methods.parts.teaching import Head
from sightline.towers import TipsTextSpec, ViTSpec
from sightline.towers.spec import Cls

B = 6


def model(kind, targets):
    torch.manual_seed(1)
    image = ViTSpec(size=8, patch=2, dim=8, depth=1, heads=2, pool=Cls(registers=1)).build()
    text = TipsTextSpec(vocab=12, length=5, dim=8, depth=1, heads=2).build()
    head, spec = Head(prototypes=12, hidden=8, bottleneck=4), {"center": Centering(), "sinkhorn": Sinkhorn()}[targets]
    given = dict(head=head, teaching=Following(momentum=0.9, freeze=0.0), targets=spec)
    if kind == "tips":
        return TIPS(image, text, Tips(patch_head=head, **given)).double()
    pair, config = {
        "silc": (clip.CLIP, clip.Config()),
        "silc of siglip": (siglip.SigLIP, siglip.Config()),
    }[kind]
    return SILC(pair(image, text, 6, config), Silc(pair=config, **given)).double()


def global_batch(step):
    generator = torch.Generator().manual_seed(step)
    views = [torch.randn(B, 3, s, s, generator=generator, dtype=torch.float64) for s in (8, 8, 4)]
    mask = torch.rand(B, 4, 4, generator=generator) < 0.4
    mask[1:3] = False  # ranks hold different numbers of masked patches
    words = [torch.randint(1, 12, (B, 5), generator=generator) for _ in range(3)]
    has = torch.tensor([True, False, False, True, True, True])
    return views, [mask, *words, has]


def shares():
    """My share of each of three batches."""
    b = B // dist.world()
    for step in range(3):
        views, given = ([x[dist.offset(b) :][:b] for x in part] for part in global_batch(step))
        mask, tokens, alt, negatives, has = given
        batch = {"image": views[0], "views": views[1:], "masks": [mask], "tokens": tokens, "alt": alt}
        yield batch | {"negatives": negatives, "has_negative": has}


def train(kind, targets):
    """Three steps: (losses, first gradients, last state)."""
    return trained(model(kind, targets), shares(), total=3, rate=0.1)


@pytest.mark.parametrize("kind", ["silc", "silc of siglip", "tips"])
@pytest.mark.parametrize("targets", ["center", "sinkhorn"])
def test_two_ranks_equal_one(ranks, kind, targets):
    one = train(kind, targets)
    for two in ranks.run(__file__, "train", kind, targets):
        assert two[0] == pytest.approx(one[0], rel=1e-6)
        for mine, theirs in ((two[1], one[1]), (two[2], one[2])):
            assert mine.keys() == theirs.keys()
            for name, value in theirs.items():
                # positions are resampled in float32 for the small views, an image's weight in the masks is one
                torch.testing.assert_close(mine[name], value, rtol=1e-5, atol=1e-7, msg=f"{name}: {{}}".format)

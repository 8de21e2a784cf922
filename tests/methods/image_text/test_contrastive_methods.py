import math
from dataclasses import replace

import pytest
import torch

from sightline.methods.image_text import clip, siglip
from sightline.methods.image_text.clip import CLIP
from sightline.methods.image_text.siglip import SigLIP
from sightline.nn.tag import decayed, groups
from sightline.protocols import Contrastive, Method
from sightline.towers import BagSpec, ResNetSpec, TransformerTextSpec, ViTSpec
from sightline.weights.run_folder.joint import tensors_of


def towers():
    image = ViTSpec(size=16, patch=8, dim=32, depth=2, heads=2)
    return image.build(), TransformerTextSpec(vocab=20, length=6, dim=16, depth=1, heads=2).build()


def batch(b=6):
    tokens = torch.randint(2, 20, (b, 6))
    tokens[:, 4], tokens[:, 5] = 1, 0
    return {"image": torch.randn(b, 3, 16, 16), "tokens": tokens}


METHODS = {
    "clip": (CLIP, clip.Config()),
    "clip-captions-chunked": (CLIP, clip.Config(positives="caption", chunk=4, weight=0.75)),
    "siglip": (SigLIP, siglip.Config()),
    "siglip-captions-chunked": (SigLIP, siglip.Config(positives="caption", chunk=4)),
}


@pytest.fixture(params=METHODS)
def method(request):
    kind, config = METHODS[request.param]
    return kind(*towers(), 24, config)


def test_a_method_is_what_the_trainer_expects(method):
    assert isinstance(method, Method) and isinstance(method, Contrastive)
    assert method.needs == {"image", "tokens"}
    assert method.kept().capabilities == ("embeds", "reads_text")
    assert tensors_of(method.kept()).keys() == method.state_dict().keys()


def test_every_parameter_gets_a_gradient_and_scalars_never_decay(method):
    losses = method(batch())
    assert all(value.ndim == 0 and value.isfinite() for value in losses.values())
    sum(losses.values()).backward()
    assert [name for name, p in method.named_parameters() if p.grad is None] == []
    assert {"log_scale", "bias", "image.prefix", "image.position.weight", "text.position"}.isdisjoint(decayed(method))


def test_a_text_tower_that_has_read_before_learns_by_its_share_of_the_rate():
    method = CLIP(*towers(), 24, text_rate=0.1)
    rate = {id(x): group.get("scale", 1.0) for group in groups(method, 0.1) for x in group["params"]}
    for name, x in method.named_parameters():
        assert rate[id(x)] == (0.1 if name.startswith("text.") else 1.0)
    assert CLIP(*towers(), 24).rates() == {}


def test_forward_is_compare_of_embed(method):
    data = batch()
    for name, value in method(data).items():
        torch.testing.assert_close(value, method.compare(method.embed(data), data)[name])


def test_it_overfits_one_batch(method):
    data = batch()
    optimizer = torch.optim.AdamW(method.parameters(), lr=3e-3)
    first = sum(method(data).values()).item()
    for _ in range(40):
        loss = sum(method(data).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        method.after_step()
    assert sum(method(data).values()).item() < 0.5 * first


def test_after_a_step_the_scale_is_held(method):
    for value, held in ((9.0, math.log(100)), (-1.0, 0.0), (2.0, 2.0)):
        torch.nn.init.constant_(method.log_scale, value)
        method.after_step()
        assert method.log_scale.item() == pytest.approx(held)


def test_under_autocast_embeddings_and_loss_are_float32(method):
    data = batch()
    with torch.autocast("cpu", torch.bfloat16):
        v, u = method.embed(data)
        losses = method.compare((v, u), data)
    assert v.dtype == u.dtype == torch.float32
    torch.testing.assert_close(v.norm(dim=1), torch.ones(6), rtol=1e-5, atol=1e-5)
    for name, value in method(data).items():
        assert losses[name].dtype == torch.float32
        torch.testing.assert_close(losses[name], value, rtol=0.05, atol=0.05)


def test_the_scale_starts_where_the_papers_say():
    assert CLIP(*towers(), 8).log_scale.exp().item() == pytest.approx(1 / 0.07, rel=1e-5)
    model = SigLIP(*towers(), 8)
    assert model.log_scale.exp().item() == pytest.approx(10, rel=1e-5) and model.bias.item() == -10


def test_with_equal_captions_as_positives_a_duplicate_is_no_negative():
    data = batch(2)
    data["tokens"][1] = data["tokens"][0]
    model = CLIP(*towers(), 24)
    v, u = model.embed(data)
    alike = (torch.cat([v[:1], v[:1]]), torch.cat([u[:1], u[:1]]))
    assert model.compare(alike, data)["contrastive"].item() == pytest.approx(math.log(2), rel=1e-4)
    model.config = replace(model.config, positives="caption")
    assert model.compare(alike, data)["contrastive"].item() == pytest.approx(
        math.log(2), rel=1e-4
    )  # over two positives
    apart = (torch.eye(24)[:2], torch.eye(24)[:2].flip(0))  # each text found by the other's image
    assert (
        model.compare(apart, data)["contrastive"].item()
        < CLIP(*towers(), 24).compare(apart, data)["contrastive"].item()
    )


def test_published_projections_can_be_passed():
    image, text = towers()
    model = SigLIP(image, text, 32, project_image=torch.nn.Identity(), project_text=torch.nn.Linear(16, 32))
    assert model.encode_image(torch.randn(2, 3, 16, 16)).shape == (2, 32) and model.embed(batch())[1].shape == (6, 32)


def test_resnet_and_bag_make_a_clip():
    model = CLIP(ResNetSpec(depths=(1, 1), width=8).build(), BagSpec(vocab=20, length=6, dim=16, hidden=32).build(), 24)
    sum(model(batch()).values()).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_a_method_equals_open_clips_step_for_step():
    """The same vectors through open_clip's loss give the same gradients of our towers."""
    from open_clip.loss import ClipLoss, SigLipLoss

    data = batch()
    for model, peer in ((CLIP(*towers(), 24), ClipLoss()), (SigLIP(*towers(), 24), SigLipLoss())):
        sum(model(data).values()).backward()
        mine = model.image.stem.proj.weight.grad.clone()
        model.zero_grad()
        extra = (model.bias,) if isinstance(model, SigLIP) else ()
        peer(*model.embed(data), model.log_scale.exp(), *extra).backward()
        torch.testing.assert_close(mine, model.image.stem.proj.weight.grad, rtol=1e-4, atol=1e-6)

import torch

from sightline.losses.labels import label_contrastive
from sightline.methods.image_text.clip import CLIP, Config
from sightline.methods.image_text.siglip import SigLIP
from sightline.methods.parts.terms import Config as TermsConfig
from sightline.methods.parts.terms import WithTerms
from sightline.towers.spec import BagSpec, ResNetSpec, SmallStem


def towers():
    torch.manual_seed(0)
    return (
        ResNetSpec(depths=(1,), width=8, stem=SmallStem(stride=4)).build(),
        BagSpec(vocab=20, length=6, dim=8).build(),
    )


def batch():
    has = torch.zeros(4, 3, dtype=torch.bool)
    has[0, 0] = has[1, 0] = has[2, 1] = True
    return {
        "image": torch.randn(4, 3, 16, 16),
        "tokens": torch.randint(1, 20, (4, 6)),
        "terms": torch.randint(1, 20, (3, 6)),
        "has_term": has,
    }


def test_it_is_the_pair_loss_and_the_weighted_terms():
    method = WithTerms(CLIP(*towers(), 8), TermsConfig(pair=Config(), weight=0.5)).eval()
    given = batch()
    losses = method(given)
    vectors = method.pair.embed(given)
    terms = torch.nn.functional.normalize(method.pair.encode_text(given["terms"]), dim=-1)
    expected = 0.5 * label_contrastive(vectors[0], terms, given["has_term"], method.log_scale.exp())
    torch.testing.assert_close(losses["terms"], expected)
    torch.testing.assert_close(losses["contrastive"], method.pair(given)["contrastive"])


def test_only_the_pair_is_kept_and_both_scales_are_held():
    method = WithTerms(SigLIP(*towers(), 8), TermsConfig(pair=None))
    assert method.kept().parts["image"] is method.pair.image
    assert method.kept().scalars["log_scale"] is method.pair.log_scale
    assert method.needs == {"image", "tokens", "terms"}
    with torch.no_grad():
        method.log_scale.fill_(9.0)
        method.pair.log_scale.fill_(9.0)
    method.after_step()
    assert method.log_scale.exp() <= 100.01 and method.pair.log_scale.exp() <= 100.01


def test_false_captions_add_a_named_term_to_both_methods():
    given = batch() | {
        "negatives": torch.randint(1, 20, (4, 6)),
        "has_negative": torch.tensor([True, True, False, True]),
    }
    for kind, name in ((CLIP, "contrastive"), (SigLIP, "sigmoid")):
        method = kind(*towers(), 8)
        losses = method(given)
        assert set(losses) == {name, "negatives"}
        sum(losses.values()).backward()
        assert all(p.grad is not None for p in method.parameters() if p.requires_grad)


def test_a_batch_without_any_shared_term_trains_on_the_pair_alone():
    method = WithTerms(CLIP(*towers(), 8), TermsConfig(pair=Config()))
    given = batch() | {"terms": torch.zeros(0, 6, dtype=torch.long), "has_term": torch.zeros(4, 0, dtype=torch.bool)}
    losses = method(given)
    assert losses["terms"] == 0 and losses["contrastive"] > 0
    sum(losses.values()).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in method.parameters())

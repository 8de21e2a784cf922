import pytest
import torch
from open_clip.transformer import TextTransformer

from sightline.towers import Causal, Full, Norm, TransformerTextSpec

EOT = 49


def captions(*lengths, length=9):
    ids = torch.randint(2, EOT, (len(lengths), length))
    for row, n in zip(ids, lengths, strict=True):
        row[n] = EOT
        row[n + 1 :] = 0
    return ids


def spec(**changes):
    return TransformerTextSpec(
        **{"vocab": 50, "length": 9, "dim": 24, "depth": 2, "heads": 3, "reading": Causal(eot=EOT)} | changes
    )


def load_open_clip(ours, peer):
    names = {
        "resblocks": "blocks",
        "ln_1": "norm1",
        "ln_2": "norm2",
        "c_fc": "fc1",
        "c_proj": "fc2",
        "in_proj_": "qkv.",
        "out_proj": "proj",
    }
    state = {
        "embed.weight": peer.token_embedding.weight,
        "position": peer.positional_embedding,
        "stack.norm.weight": peer.ln_final.weight,
        "stack.norm.bias": peer.ln_final.bias,
    }
    for key, value in peer.transformer.state_dict().items():
        for old, new in names.items():
            key = key.replace(old, new)
        state[f"stack.{key}"] = value
    ours.load_state_dict(state)


@pytest.mark.parametrize("style", ["clip", "siglip"])
def test_text_tower_equals_open_clips_in_value_and_gradient(style):
    settings = {"clip": {}, "siglip": {"no_causal_mask": True, "pool_type": "last"}}[style]
    peer = TextTransformer(9, 50, 24, 3, 2, output_dim=None, **settings)
    for parameter in peer.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    reading = Causal(eot=EOT) if style == "clip" else Full()
    ours = spec(reading=reading).build()
    load_open_clip(ours, peer)
    ids = captions(3, 8, 5)
    mine, theirs = ours(ids), peer(ids)
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)
    mine.square().sum().backward()
    theirs.square().sum().backward()
    torch.testing.assert_close(ours.embed.weight.grad, peer.token_embedding.weight.grad, rtol=1e-4, atol=1e-4)


def test_cutting_at_the_longest_caption_is_exact():
    tower, ids = spec().build().double(), captions(3, 5, 2)
    assert tower.reading.crop(ids).shape == (3, 6)
    whole = tower.stack(tower.embed(ids) + tower.position, mask=Causal(eot=EOT).mask(tower.position[None]))
    torch.testing.assert_close(tower(ids), whole[torch.arange(3), torch.tensor([3, 5, 2])], rtol=1e-12, atol=1e-12)


def test_nothing_after_the_end_token_matters():
    tower, ids = spec().build(), captions(3, 5)
    expected = tower(ids)
    ids[0, 4:] = EOT
    ids[1, 6:] = 7
    torch.testing.assert_close(tower(ids), expected, rtol=1e-5, atol=1e-6)


def test_a_caption_without_an_end_is_refused():
    with pytest.raises(ValueError, match="without the end token 49"):
        spec().build()(torch.full((2, 9), 3))


def test_too_long_a_caption_is_refused():
    with pytest.raises(ValueError, match="10 tokens reached a text tower of length 9"):
        spec(norm=Norm()).build()(captions(3, length=10))


def test_the_start_is_clips():
    tower = spec(dim=48, depth=3).build()
    std = {name: p.std().item() for name, p in tower.named_parameters()}
    assert std["stack.blocks.0.attn.qkv.weight"] == pytest.approx(48**-0.5, rel=0.1)
    assert std["stack.blocks.1.attn.proj.weight"] == pytest.approx((2 * 48 * 3) ** -0.5, rel=0.1)
    assert std["stack.blocks.2.mlp.fc1.weight"] == pytest.approx((2 * 48) ** -0.5, rel=0.1)
    assert std["stack.blocks.0.mlp.fc2.weight"] == pytest.approx((2 * 48 * 3) ** -0.5, rel=0.1)

from dataclasses import replace

import pytest
import torch

from sightline.nn.attention import Attention
from sightline.towers import BertTextSpec, FirstToken, MeanToken, from_json, to_json
from sightline.towers.bert import without_padding

PAD = 1
SPEC = BertTextSpec(vocab=20, length=6, dim=8, depth=2, heads=2, mlp=12, embed=4, pad=PAD)
IDS = torch.tensor([[3, 7, 5, PAD, PAD, PAD], [4, 4, 9, 2, 0, 6], [11, PAD, PAD, PAD, PAD, PAD]])


def built(**changes):
    tower = replace(SPEC, **changes).build()
    torch.manual_seed(0)
    for parameter in tower.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return tower


def layer_norm(x, norm):
    x = x - x.mean(-1, keepdim=True)
    return x / (x.square().mean(-1, keepdim=True) + 1e-12).sqrt() * norm.weight + norm.bias


def naive(tower, row):
    """The tokens of one caption, the real ones alone: what is padded is as if it were not there."""
    real = [i for i in row.tolist() if i != PAD]
    x = torch.stack([tower.embed.weight[i] + tower.position[place] for place, i in enumerate(real)])
    x = layer_norm(x, tower.norm) @ tower.widen.weight.T + tower.widen.bias
    for block in tower.stack.blocks:
        assert isinstance(block.attn, Attention)
        q, k, v = block.attn.qkv(x).view(len(real), 3, 2, 4).unbind(1)
        heads = [((q[:, h] @ k[:, h].T) / 2).softmax(-1) @ v[:, h] for h in range(2)]
        x = layer_norm(x + block.attn.proj(torch.cat(heads, 1)), block.norm1)
        h = block.mlp.fc1(x)
        x = layer_norm(x + block.mlp.fc2(h * (1 + torch.erf(h / 2**0.5)) / 2), block.norm2)
    return x


@pytest.mark.parametrize(("pool", "of"), [(MeanToken(), lambda x: x.mean(0)), (FirstToken(), lambda x: x[0])])
def test_the_tower_equals_the_naive_one_caption_by_caption(pool, of):
    tower = built(pool=pool)
    expected = torch.stack([of(naive(tower, row)) for row in IDS])
    torch.testing.assert_close(tower(IDS), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pool", [MeanToken(), FirstToken()])
def test_padding_changes_nothing_and_is_not_computed(pool):
    tower, seen = built(pool=pool), []
    tower.stack.blocks[0].register_forward_hook(lambda block, given, out: seen.append(out.shape[1]))
    torch.testing.assert_close(tower(IDS[:1, :3]), tower(IDS)[:1], rtol=1e-5, atol=1e-6)
    tower(IDS[[0, 2]])
    assert seen == [3, 6, 3]


def test_columns_are_cut_at_the_last_token_that_is_no_padding():
    assert without_padding(IDS[[0, 2]], PAD).tolist() == [[3, 7, 5], [11, PAD, PAD]]
    assert without_padding(IDS, PAD) is not None and without_padding(IDS, PAD).shape == IDS.shape
    assert without_padding(torch.full((2, 6), PAD), PAD).shape == (2, 1)
    assert without_padding(IDS[:0], PAD).shape == (0, 6)


def test_a_caption_of_padding_alone_is_zero_and_harms_no_gradient():
    tower = built()
    y = tower(torch.cat([IDS, torch.full((1, 6), PAD)]))
    assert not y[3].any() and y.isfinite().all()
    y.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in tower.parameters())


def test_too_long_a_caption_is_refused():
    with pytest.raises(ValueError, match="7 tokens reached a text tower of length 6"):
        built()(torch.ones(1, 7, dtype=torch.long))


def test_without_a_width_of_their_own_word_vectors_are_as_wide_as_the_tower():
    tower = built(embed=0)
    assert tower.embed.weight.shape == (20, 8) and not list(tower.widen.parameters())


def test_it_starts_at_berts_spread():
    tower = BertTextSpec(vocab=400, length=64, dim=64, depth=1, heads=4).build()
    for weight in (tower.embed.weight, tower.position, tower.stack.blocks[0].attn.qkv.weight):
        assert 0.015 < float(weight.detach().std()) < 0.025
    assert not tower.stack.blocks[0].mlp.fc1.bias.any() and from_json(to_json(SPEC)) == SPEC


def test_it_fits_the_words_of_a_run():
    class Words:
        vocab, length, eot, pad = 300, 12, 5, 3

    fitted = SPEC.fitted(32, Words())
    assert (fitted.vocab, fitted.length, fitted.pad, fitted.dim) == (300, 12, 3, 8)
    assert SPEC.fitted(32, None) == SPEC

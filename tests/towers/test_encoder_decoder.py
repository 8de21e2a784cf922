"""The Transformer of 2017 against torch's own at the same random weights, and against its equations."""

import math

import pytest
import torch
from torch import nn

from sightline.nn.noise import Dropout
from sightline.towers.encoder_decoder import interleaved
from sightline.towers.spec import EncoderDecoderSpec, from_json, to_json

VOCAB, DIM, HEADS, HIDDEN, DEPTH = 20, 12, 2, 20, 2
SPEC = EncoderDecoderSpec(vocab=VOCAB, length=7, dim=DIM, depth=DEPTH, heads=HEADS, mlp=HIDDEN, dropout=0.0)
SOURCE = torch.tensor([[5, 9, 4, 4, 17, 6, 1], [3, 8, 1, 0, 0, 0, 0]])
TARGET = torch.tensor([[7, 2, 1, 0, 0], [11, 4, 4, 15, 1]])


def built(**changes):
    torch.manual_seed(0)
    made = EncoderDecoderSpec(**{**SPEC.__dict__, **changes}).build().double()
    with torch.no_grad():
        for value in made.parameters():
            value.copy_(0.4 * torch.randn_like(value))
    return made


def named(name, part):
    return {f"{name}.weight": part.weight, f"{name}.bias": part.bias}


def layer(block, prefix):
    state = named(f"{prefix}.self_attn.out_proj", block.attn.proj)
    state |= {f"{prefix}.self_attn.in_proj_{kind}": getattr(block.attn.qkv, kind) for kind in ("weight", "bias")}
    state |= named(f"{prefix}.linear1", block.mlp.fc1) | named(f"{prefix}.linear2", block.mlp.fc2)
    state |= named(f"{prefix}.norm1", block.norm1) | named(f"{prefix}.norm2", block.norm2)
    if hasattr(block, "cross"):
        state |= named(f"{prefix}.multihead_attn.out_proj", block.cross.proj) | named(f"{prefix}.norm3", block.norm3)
        for kind in ("weight", "bias"):
            both = [getattr(block.cross.q, kind), getattr(block.cross.kv, kind)]
            state[f"{prefix}.multihead_attn.in_proj_{kind}"] = torch.cat(both)
    return state


def peer_of(ours):
    """torch's post-norm Transformer with our weights, without the norm it puts after the last block of each stack,
    which the paper has not."""
    peer = nn.Transformer(
        DIM, HEADS, DEPTH, DEPTH, HIDDEN, dropout=0.0, batch_first=True, norm_first=False, layer_norm_eps=1e-6
    ).double()
    peer.encoder.norm = peer.decoder.norm = None
    state = {}
    for side in ("encoder", "decoder"):
        for number, block in enumerate(getattr(ours, side).blocks):
            state |= layer(block, f"{side}.layers.{number}")
    peer.load_state_dict(state)
    return peer


def told(peer, table):
    """Logits of `TARGET` by torch's Transformer: words and positions by the paper's equations, one by one."""

    def placed(ids):
        at = torch.zeros(ids.shape[1], DIM, dtype=torch.float64)
        for k in range(ids.shape[1]):
            for i in range(0, DIM, 2):
                at[k, i], at[k, i + 1] = math.sin(k / 10000 ** (i / DIM)), math.cos(k / 10000 ** (i / DIM))
        return table[ids] * DIM**0.5 + at

    before = torch.cat([torch.full((len(TARGET), 1), 1), TARGET[:, :-1]], 1)
    y = peer(
        placed(SOURCE),
        placed(before),
        tgt_mask=torch.ones(TARGET.shape[1], TARGET.shape[1], dtype=torch.bool).triu(1),
        src_key_padding_mask=SOURCE == 0,
        memory_key_padding_mask=SOURCE == 0,
    )
    return y @ table.T


def test_it_equals_torchs_transformer_in_values_and_gradients_under_padding_and_causal_masks():
    ours = built()
    peer, table = peer_of(ours), ours.embed.weight.detach().clone().requires_grad_()
    real = TARGET != 0
    results = []
    for logits, words, blocks in (
        (ours(SOURCE, TARGET), ours.embed.weight, ours),
        (told(peer, table), table, peer),
    ):
        loss = logits[real].square().sum()
        first = blocks.encoder.blocks[0].mlp.fc1 if blocks is ours else blocks.encoder.layers[0].linear1
        last = (
            blocks.decoder.blocks[-1].cross.proj
            if blocks is ours
            else blocks.decoder.layers[-1].multihead_attn.out_proj
        )
        results.append((logits[real], *torch.autograd.grad(loss, (words, first.weight, last.weight))))
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-6, atol=1e-7)  # our table of positions is float32


def test_a_token_of_the_target_is_told_by_those_before_it_and_by_all_of_the_source():
    ours = built()
    logits = ours(SOURCE, TARGET)
    later, elsewhere = TARGET.clone(), SOURCE.clone()
    later[:, 3] = 9
    torch.testing.assert_close(ours(SOURCE, later)[:, :4], logits[:, :4])
    assert not torch.allclose(ours(SOURCE, later)[:, 4], logits[:, 4])
    elsewhere[0, 5] = 9
    assert not torch.allclose(ours(elsewhere, TARGET)[0, 0], logits[0, 0])
    torch.testing.assert_close(ours(elsewhere, TARGET)[1], logits[1])


def test_padding_of_the_source_changes_nothing():
    ours = built()
    torch.testing.assert_close(ours(SOURCE[1:, :3], TARGET[1:]), ours(SOURCE, TARGET)[1:])


def test_where_it_looks_is_what_the_cross_attention_mixes_by_and_never_at_padding():
    ours = built()
    mixed = []
    for block in ours.decoder.blocks:
        block.cross.register_forward_hook(lambda cross, given, out: mixed.append((cross, given, out)))
    ours(SOURCE, TARGET)
    maps, memory = ours.looks(SOURCE, TARGET).detach(), ours.encode(SOURCE)[0]
    assert maps.shape == (DEPTH, 2, HEADS, 5, 7)
    torch.testing.assert_close(maps.sum(-1), torch.ones(DEPTH, 2, HEADS, 5).to(maps))
    assert float(maps[:, 1, :, :, 3:].abs().max()) == 0
    for weights, (cross, _, out) in zip(maps, mixed[:DEPTH], strict=True):
        values = cross.kv(memory)[..., DIM:].view(2, 7, HEADS, DIM // HEADS).transpose(1, 2)
        whole = (weights.double() @ values).transpose(1, 2).reshape(2, 5, DIM)
        torch.testing.assert_close(cross.proj(whole), out, rtol=1e-5, atol=1e-5)


def test_dropout_falls_on_every_branch_and_on_both_inputs_in_training_alone():
    ours = EncoderDecoderSpec(**{**SPEC.__dict__, "dropout": 0.5}).build()
    kinds = [name for name, module in ours.named_modules() if isinstance(module, Dropout)]
    assert len(kinds) == 2 * DEPTH + 1  # a module a block, for all of its branches, and one for the inputs
    calls = []
    for module in ours.modules():
        if isinstance(module, Dropout):
            module.register_forward_hook(lambda *_: calls.append(1))
    one, other = ours.train()(SOURCE, TARGET), ours(SOURCE, TARGET)
    assert len(calls) == 2 * (2 + 2 * DEPTH + 3 * DEPTH) and not torch.equal(one, other)
    assert torch.equal(ours.eval()(SOURCE, TARGET), ours(SOURCE, TARGET))


def test_its_spec_goes_to_json_and_back_and_an_odd_width_is_refused():
    assert from_json(to_json(SPEC)) == SPEC
    with pytest.raises(ValueError, match="even width, got dim=7"):
        EncoderDecoderSpec(vocab=9, length=4, dim=7, depth=1, heads=1)
    with pytest.raises(ValueError, match="9 tokens reached a text tower of length 7"):
        built()(torch.ones(1, 9, dtype=torch.long), TARGET[:1])


def test_positions_are_sine_and_cosine_side_by_side():
    table = interleaved(3, 4)
    assert table[0].tolist() == [0, 1, 0, 1]
    assert table[2].tolist() == pytest.approx([math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)])

import numpy as np
import pytest
import torch

from sightline.measure.look.attention import (
    capture_attention,
    class_rows,
    mass_mask,
    mean_distance,
    mean_rows,
    place_rows,
    probe_rows,
)
from sightline.nn.conv.pool2d import AttentionPool2d
from sightline.nn.pool import MapPool
from sightline.nn.transformer import MLP
from sightline.towers.spec import Cls, RotarySpec, ViTSpec
from sightline.weights.load import load


def maps(heads, n, seed=0):
    return torch.randn(heads, n, n, generator=torch.Generator().manual_seed(seed)).softmax(-1).numpy()


def test_distance_equals_the_naive_loop():
    weights, grid, cell, prefix = maps(2, 2 + 6), (2, 3), (4.0, 5.0), 2
    expected = np.zeros(2)
    for head in range(2):
        for query in range(6):
            total = sum(float(weights[head, prefix + query, prefix + key]) for key in range(6))
            for key in range(6):
                down, across = (query // 3 - key // 3) * 4.0, (query % 3 - key % 3) * 5.0
                share = float(weights[head, prefix + query, prefix + key]) / total
                expected[head] += share * (down**2 + across**2) ** 0.5 / 6
    np.testing.assert_allclose(mean_distance(weights, grid, cell, prefix), expected, rtol=1e-6)


def test_the_mass_mask_is_the_smallest_set_that_holds_the_mass():
    rows = maps(1, 9)[0]
    for row, kept in zip(rows, mass_mask(rows, 0.6), strict=True):
        mass, count = 0.0, 0
        for value in sorted(row.tolist(), reverse=True):
            if mass >= 0.6 * row.sum():
                break
            mass, count = mass + value, count + 1
        assert kept.sum() == count and row[kept].min() >= row[~kept].max()


def test_rows_drop_the_prefix():
    weights = maps(3, 6)
    np.testing.assert_array_equal(class_rows(weights, 2), weights[:, 0, 2:])
    np.testing.assert_array_equal(class_rows(weights, 2, token=1), weights[:, 1, 2:])
    np.testing.assert_allclose(mean_rows(weights, 2), sum(weights[:, i, 2:] for i in range(2, 6)) / 4, rtol=1e-6)


@pytest.mark.parametrize("position", [ViTSpec(size=16, patch=4, dim=32, depth=3, heads=4).position, RotarySpec()])
def test_watched_maps_are_those_of_the_tower(position):
    tower = ViTSpec(size=16, patch=4, dim=32, depth=3, heads=4, pool=Cls(registers=2), position=position).build().eval()
    image, found = torch.randn(2, 3, 16, 16), {}
    with torch.no_grad():
        with capture_attention(tower.stack, found.__setitem__):
            tower(image)
        for block in range(3):
            torch.testing.assert_close(found[block], tower.attention(image, block), rtol=0, atol=1e-6)
        found.clear()
        tower(image)
    assert not found, "nothing is watched after the block"


def test_the_probe_mixes_values_by_the_rows_shown():
    pool = MapPool(16, 4, MLP(16, 16)).eval()
    tokens, prefix = torch.randn(2, 5, 16), torch.zeros(2, 0, 16)
    rows = probe_rows(pool, tokens, prefix)
    value = pool.kv(tokens)[..., 16:].view(2, 5, 4, 4)
    y = pool.proj(torch.einsum("bhn,bnhc->bhc", rows, value).reshape(2, 16))
    torch.testing.assert_close(y + pool.mlp(pool.norm(y)), pool(tokens, prefix), rtol=1e-5, atol=1e-5)


def test_places_of_attention_pooling_get_what_the_mean_leaves():
    pool = AttentionPool2d((2, 3), 16, 4, 8)
    rows = place_rows(pool, torch.randn(2, 16, 2, 3))
    assert rows.shape == (2, 4, 6) and (rows > 0).all() and (rows.sum(-1) < 1).all()


@pytest.mark.parametrize("kind", ["vit", "dinov2"])
def test_attention_equals_transformers_eager_attention(kind, tmp_path):
    from transformers import Dinov2Config, Dinov2Model, ViTConfig, ViTModel

    config, model = {"vit": (ViTConfig, ViTModel), "dinov2": (Dinov2Config, Dinov2Model)}[kind]
    peer = model(
        config(
            hidden_size=32,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=32,
            patch_size=8,
            attn_implementation="eager",
        )
    ).eval()
    with torch.no_grad():
        for parameter in peer.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
        peer.save_pretrained(tmp_path)
        tower = load(f"local-dir:{tmp_path}", device="cpu").model.image
        image, found = torch.randn(2, 3, 32, 32), {}
        theirs = peer(image, output_attentions=True).attentions
        with capture_attention(tower.stack, found.__setitem__):
            tower(image)
    for block, expected in enumerate(theirs):
        torch.testing.assert_close(found[block], expected, rtol=0, atol=1e-5)
        torch.testing.assert_close(
            torch.from_numpy(class_rows(found[block][0].numpy(), 1)), expected[0, :, 0, 1:], rtol=0, atol=1e-5
        )

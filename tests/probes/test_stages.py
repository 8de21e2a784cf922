import numpy as np
import pytest
import torch

from sightline.data.prepare.preprocess import Preprocess
from sightline.probes.knn import KNN
from sightline.probes.linear import LinearProbe
from sightline.probes.stages import STRENGTHS, StageProbes, layer_norm, stage_blocks, stage_vectors
from sightline.towers.spec import AlexNetSpec, Map, Mean, ResNetSpec, ViTSpec
from sightline.weights.encoder import TorchEncoder
from sightline.weights.run_folder.joint import Joint


def encoder_of(spec, size=16):
    torch.manual_seed(0)
    tower = spec.build()
    joint = Joint(tower, None, torch.nn.Identity(), torch.nn.Identity(), None, None)
    return TorchEncoder(joint, preprocess=Preprocess(size=size), tokenizer=None, dim=tower.dim)


def clouds(n=120, width=10, apart=3.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    return rng.normal(size=(n, width)) + apart * np.eye(3, width)[labels], labels


def test_layer_norm_is_torchs_without_weights_and_flat_vectors_become_zero():
    rows = np.random.default_rng(0).normal(3, 9, (5, 7))
    expected = torch.nn.functional.layer_norm(torch.from_numpy(rows), (7,), eps=1e-6)
    np.testing.assert_allclose(layer_norm(rows), expected.numpy(), atol=1e-6)
    assert (layer_norm(np.full((2, 4), 5.0)) == 0).all()


def test_each_stage_scores_what_its_own_probes_score():
    good, labels = clouds()
    poor = np.random.default_rng(1).normal(size=good.shape)
    stages = {"first": poor, "second": good}
    fitted = StageProbes(k=5).fit({k: v[:80] for k, v in stages.items()}, labels[:80])
    rows = fitted.score({k: v[80:] for k, v in stages.items()}, labels[80:])
    for row, vectors in zip(rows, stages.values(), strict=True):
        train, test = layer_norm(vectors[:80]), layer_norm(vectors[80:])
        assert row.linear == LinearProbe(STRENGTHS).fit(train, labels[:80]).score(test, labels[80:])
        assert row.knn == KNN(5).fit(train, labels[:80]).score(test, labels[80:])
    assert [row.stage for row in rows] == ["first", "second"] and fitted.best_ == "second"
    predicted = fitted.predict({k: v[80:] for k, v in stages.items()})
    assert (predicted == labels[80:]).mean() == rows[1].linear


def test_lengths_that_grow_from_block_to_block_change_nothing():
    rows, labels = clouds()
    fitted = StageProbes(k=5).fit({"short": rows, "long": rows * 1e3}, labels)
    short, long = fitted.score({"short": rows, "long": rows * 1e3}, labels)
    assert (short.linear, short.knn) == (long.linear, long.knn) and fitted.best_ == "short"


PICTURES = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def test_blocks_of_a_vit_give_their_own_pooled_vector_and_mean_patch():
    encoder = encoder_of(ViTSpec(size=16, patch=4, dim=32, depth=3, heads=4, pool=Map()))
    blocks = stage_blocks(encoder, PICTURES[:1])
    assert blocks == {"block 0": 0, "block 1": 1, "block 2": 2}
    found = stage_vectors(encoder, PICTURES, blocks)
    assert list(found) == [f"block {i} {kind}" for i in range(3) for kind in ("pooled", "mean patch")]
    whole = encoder.features(PICTURES)
    np.testing.assert_allclose(found["block 2 pooled"], whole.pooled, atol=1e-5)
    np.testing.assert_allclose(found["block 2 mean patch"], whole.tokens.mean(1), atol=1e-5)


def test_a_tower_that_pools_by_the_mean_has_one_vector_a_block():
    encoder = encoder_of(ViTSpec(size=16, patch=4, dim=32, depth=2, heads=4, pool=Mean()))
    assert list(stage_vectors(encoder, PICTURES, stage_blocks(encoder, PICTURES))) == [
        "block 0 pooled",
        "block 1 pooled",
    ]


def test_stages_of_a_resnet_are_the_means_of_their_last_maps():
    encoder = encoder_of(ResNetSpec(depths=(2, 1, 3), width=8))
    blocks = stage_blocks(encoder, PICTURES)
    assert blocks == {"stage 1": 1, "stage 2": 2, "stage 3": 5}
    found, tower = stage_vectors(encoder, PICTURES, blocks), encoder.model.image
    with torch.no_grad():
        maps = tower.stem(PICTURES)
        for name, stage in zip(("stage 1", "stage 2", "stage 3"), tower.stages, strict=True):
            maps = stage(maps)
            np.testing.assert_allclose(found[f"{name} pooled"], maps.mean((2, 3)), atol=1e-4)


def test_stages_of_alexnet_are_its_convolutions():
    encoder = encoder_of(AlexNetSpec(), size=67)
    found = stage_vectors(encoder, torch.randn(2, 3, 67, 67), stage_blocks(encoder, PICTURES))
    assert list(found) == [f"convolution {i} pooled" for i in range(1, 6)]


class Foreign:
    """Another package's tower of four blocks, behind the face of an encoder."""

    class model:
        image = torch.nn.Identity()

    def layers(self, images, blocks):
        if max(blocks) > 3:
            raise ValueError("no such block")
        return []


def test_blocks_of_another_packages_tower_are_counted_by_asking():
    assert list(stage_blocks(Foreign(), None).values()) == [0, 1, 2, 3]


def test_what_has_no_stages_is_refused():
    with pytest.raises(ValueError, match="no stage"):
        StageProbes().fit({}, [])
    with pytest.raises(ValueError, match="at least two values of C"):
        StageProbes(strengths=(1.0,))
    encoder = encoder_of(ViTSpec(size=16, patch=4, dim=32, depth=2, heads=4))
    encoder.model.image = torch.nn.Identity()
    with pytest.raises(ValueError, match="which has no such blocks"):
        stage_blocks(encoder, PICTURES)

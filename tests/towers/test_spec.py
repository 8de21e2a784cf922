import json

import pytest
import torch

from sightline.towers import (
    BagSpec,
    Causal,
    Cls,
    ConvStemSpec,
    Full,
    Map,
    Mean,
    Norm,
    ResNetSpec,
    SinCosSpec,
    StandardStem,
    TransformerTextSpec,
    ViTSpec,
    from_json,
    sizes,
    to_json,
)

SPECS = [
    ResNetSpec(depths=(1, 2), width=8),
    ResNetSpec(depths=(1,), width=8, block="bottleneck", stem=StandardStem(), channels=1),
    ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, pool=Cls(registers=4)),
    ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, pool=Map(), act="gelu_tanh", entry=Norm(eps=1e-5)),
    ViTSpec(
        size=16, patch=4, dim=8, depth=1, heads=2, pool=Mean(), position=SinCosSpec(layout="mae"), mlp=12,
        stem=ConvStemSpec(kernels=(2, 2), strides=(2, 2), widths=(4, 8)),
    ),
    TransformerTextSpec(vocab=20, length=5, dim=8, depth=1, heads=2, reading=Causal(eot=7)),
    TransformerTextSpec(vocab=20, length=5, dim=8, depth=1, heads=2, reading=Full()),
    BagSpec(vocab=20, length=5, dim=8, hidden=16),
]  # fmt: skip


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_a_spec_survives_json_and_builds_the_same_tower(spec):
    again = from_json(json.loads(json.dumps(to_json(spec))))
    assert again == spec
    built = again.build()
    built.load_state_dict(spec.build().state_dict())
    if isinstance(spec, ResNetSpec | ViTSpec):
        assert built(torch.randn(2, spec.channels, 16, 16)).pooled.shape == (2, built.dim)
    else:
        assert built(torch.tensor([[3, 4, 7, 0, 0], [7, 0, 0, 0, 0]])).shape == (2, built.dim)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "alexnet"}, "unknown tower family 'alexnet'; known are resnet, vit"),
        ({"family": "cls"}, "cls has no field 'size'"),
        ({"width": 3}, "vit has no field 'width'; it has size, patch"),
        ({"dim": "8"}, "vit.dim cannot be '8'; it is int"),
        ({"act": "relu"}, "vit.act cannot be 'relu'"),
        ({"pool": {"family": "norm"}}, "vit.pool cannot be"),
        ({"pool": {"family": "maxpool"}}, "unknown tower family 'maxpool'"),
        ({"size": True}, "vit.size cannot be True"),
    ],
)
def test_a_wrong_file_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        from_json(to_json(SPECS[2]) | change)


def test_a_missing_field_and_a_part_are_refused():
    data = to_json(SPECS[2])
    del data["dim"]
    with pytest.raises(ValueError, match="vit lacks a field: .*'dim'"):
        from_json(data)
    with pytest.raises(ValueError, match="a part, not a tower"):
        from_json({"family": "cls", "registers": 1})


@pytest.mark.parametrize(
    ("spec", "millions"),
    [
        (sizes.vit_ti16(), 5.52),
        (sizes.vit_s16(), 21.67),
        (sizes.vit_b16(), 85.80),
        (sizes.vit_l14(), 303.2),
        (sizes.clip_image(sizes.vit_b32()), 87.46),
        (sizes.clip_text(), 63.17),
        (sizes.siglip_image(sizes.vit_b16(256)), 92.9),
        (sizes.siglip_text(sizes.vit_b16(256)), 109.7),
        (sizes.resnet18(), 11.18),
        (sizes.resnet50(), 23.51),
        (sizes.resnet_small(), 1.89),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, float) else str(value),
)
def test_published_sizes_have_their_number_of_parameters(spec, millions):
    with torch.device("meta"):
        tower = spec.build()
    assert sum(p.numel() for p in tower.parameters()) / 1e6 == pytest.approx(millions, rel=2e-3)

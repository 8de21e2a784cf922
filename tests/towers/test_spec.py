import json

import pytest
import torch

from sightline.towers import (
    BagSpec,
    BertTextSpec,
    Causal,
    Cls,
    ConvNetSpec,
    ConvStemSpec,
    FirstToken,
    FlexiViTSpec,
    Full,
    LearnedSpec,
    Map,
    Mean,
    NaFlexSpec,
    Norm,
    ResNetSpec,
    RotarySpec,
    SinCosSpec,
    StandardStem,
    TipsTextSpec,
    TransformerTextSpec,
    ViTSpec,
    from_json,
    to_json,
)
from sightline.towers.naflex import patches_of
from sightline.towers.spec import Gem, GemMapSpec, RMacMapSpec, SecondCls

SPECS = [
    ResNetSpec(depths=(1, 2), width=8),
    ResNetSpec(depths=(1,), width=8, block="bottleneck", stem=StandardStem(), channels=1),
    ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, pool=Cls(registers=4)),
    ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, pool=SecondCls()),
    ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, pool=Map(), act="gelu_tanh", entry=Norm(eps=1e-5)),
    ViTSpec(
        size=16, patch=4, dim=8, depth=1, heads=2, pool=Mean(), position=SinCosSpec(layout="mae"), mlp=12,
        stem=ConvStemSpec(kernels=(2, 2), strides=(2, 2), widths=(4, 8)),
    ),
    ViTSpec(
        size=16, patch=4, dim=8, depth=2, heads=2, pool=Mean(registers=2), position=RotarySpec(base=50), mlp=12,
        act="swiglu", layer_scale=1e-5, drop_path=(0.1, 0.2), channels=4,
    ),
    ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, position=LearnedSpec(resample="bicubic"), drop_path=0.1),
    FlexiViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, kernel=6, grid=3),
    NaFlexSpec(patch=4, dim=8, depth=1, heads=2, grid=3, length=16),
    TipsTextSpec(vocab=20, length=5, dim=8, depth=1, heads=2),
    BertTextSpec(vocab=20, length=5, dim=8, depth=1, heads=2, embed=4, mlp=12, pad=1, pool=FirstToken()),
    TransformerTextSpec(vocab=20, length=5, dim=8, depth=1, heads=2, reading=Causal(eot=7)),
    TransformerTextSpec(vocab=20, length=5, dim=8, depth=1, heads=2, reading=Full()),
    BagSpec(vocab=20, length=5, dim=8, hidden=16),
    ConvNetSpec(size=16, width=8, depth=3, channels=1),
    ResNetSpec(depths=(1, 2), width=8, pool=GemMapSpec(p=2.5)),
    ResNetSpec(depths=(1, 2), width=8, pool=RMacMapSpec(levels=2)),
    ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, pool=Gem(p=4.0, registers=2)),
]  # fmt: skip


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_a_spec_survives_json_and_builds_the_same_tower(spec):
    again = from_json(json.loads(json.dumps(to_json(spec))))
    assert again == spec
    built = again.build()
    built.load_state_dict(spec.build().state_dict())
    if isinstance(spec, NaFlexSpec):
        assert built(patches_of(torch.randn(2, 3, 16, 16), 4)).pooled.shape == (2, built.dim)
    elif isinstance(spec, ResNetSpec | ConvNetSpec | ViTSpec | FlexiViTSpec):
        assert built(torch.randn(2, spec.channels, 16, 16)).pooled.shape == (2, built.dim)
    else:
        assert built(torch.tensor([[3, 4, 7, 0, 0], [7, 0, 0, 0, 0]])).shape == (2, built.dim)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "squeezenet"}, "unknown family 'squeezenet'; known are resnet, "),
        ({"family": "cls"}, "cls has no field 'size'"),
        ({"width": 3}, "vit has no field 'width'; it has size, patch"),
        ({"dim": "8"}, "vit.dim cannot be '8'; it is int"),
        ({"act": "maxout"}, "vit.act cannot be 'maxout'"),
        ({"pool": {"family": "norm"}}, "vit.pool cannot be"),
        ({"pool": {"family": "maxpool"}}, "unknown family 'maxpool'"),
        ({"size": True}, "vit.size cannot be True"),
    ],
)
def test_a_wrong_file_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        from_json(to_json(SPECS[2]) | change)


def test_a_missing_field_and_a_piece_of_a_part_are_refused():
    data = to_json(SPECS[2])
    del data["dim"]
    with pytest.raises(ValueError, match="vit lacks a field: .*'dim'"):
        from_json(data)
    with pytest.raises(ValueError, match="a piece of a part"):
        from_json({"family": "cls", "registers": 1})


def test_a_file_of_the_first_format_still_loads():
    old = {
        "family": "vit", "size": 16, "patch": 4, "dim": 8, "depth": 1, "heads": 2, "mlp": 0,
        "pool": {"family": "map"}, "stem": {"family": "patch"}, "position": {"family": "learned"}, "entry": None,
        "norm": {"family": "norm", "eps": 1e-6}, "act": "gelu", "channels": 3,
    }  # fmt: skip
    assert from_json(old) == ViTSpec(size=16, patch=4, dim=8, depth=1, heads=2, pool=Map())

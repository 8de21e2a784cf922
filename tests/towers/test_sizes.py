import pytest
import timm
import torch

from sightline.towers import sizes


def count(build):
    with torch.device("meta"):
        return sum(p.numel() for p in build().parameters())


@pytest.mark.parametrize(
    ("spec", "millions"),
    [
        (sizes.vit("ti"), 5.52),
        (sizes.vit("s"), 21.67),
        (sizes.vit("b"), 85.80),
        (sizes.vit("l"), 303.30),
        (sizes.vit("h", 14), 630.76),
        (sizes.clip_image(sizes.vit_b32()), 87.46),
        (sizes.clip_text(), 63.17),
        (sizes.siglip_image(sizes.vit_b16(256)), 92.9),
        (sizes.siglip_text(sizes.vit_b16(256)), 109.7),
        (sizes.dinov2("g"), 1136.5),
        (sizes.dinov3("7b"), 6716.5),
        (sizes.tips_text("so400m"), 448.3),
        (sizes.tips_text("g"), 389.1),
        (sizes.tips_image("g"), 1136.0),
        (sizes.resnet_small(), 1.89),
    ],
    ids=lambda value: str(value) if isinstance(value, float) else type(value).__name__,
)
def test_published_sizes_have_their_number_of_parameters(spec, millions):
    assert count(spec.build) / 1e6 == pytest.approx(millions, rel=1e-3)


PLAIN = {
    "vit_tiny_patch16_224": sizes.vit_ti16(),
    "vit_small_patch32_224": sizes.vit("s", 32),
    "vit_base_patch8_224": sizes.vit("b", 8),
    "vit_base_patch32_224": sizes.vit_b32(),
    "vit_large_patch14_224": sizes.vit_l14(),
    "vit_huge_patch14_224": sizes.vit("h", 14),
    "vit_giant_patch14_224": sizes.vit("g", 14),
    "vit_small_patch14_dinov2": sizes.dinov2("s"),
    "vit_giant_patch14_dinov2": sizes.dinov2("g"),
}
SAME = {
    "vit_base_patch16_siglip_224": sizes.siglip_image(sizes.vit_b16()),
    "vit_so400m_patch14_siglip_224": sizes.siglip_image(sizes.vit("so400m", 14)),
    "vit_giantopt_patch16_siglip_256": sizes.siglip_image(sizes.vit("giantopt", 16, 256)),
    "vit_giant_patch14_reg4_dinov2": sizes.dinov2("g", registers=4),
    "naflexvit_base_patch16_siglip": sizes.siglip2_naflex("b"),
    "naflexvit_so400m_patch16_siglip": sizes.siglip2_naflex("so400m"),
}
DINOV3 = {"small": "s", "small_plus": "splus", "base": "b", "large": "l", "huge_plus": "hplus"}


@pytest.mark.parametrize("name", [*PLAIN, *SAME])
def test_sizes_are_timms_to_the_parameter(name):
    """timm's plain ViTs have one position more: ours is part of the class token."""
    spec = (PLAIN | SAME)[name]
    theirs = count(lambda: timm.create_model(name, num_classes=0))
    assert count(spec.build) == theirs - (spec.dim if name in PLAIN else 0)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in ("large", "huge_plus"))) for name in DINOV3]
)
def test_dinov3s_sizes_are_timms_and_the_biases_of_q_k_v_which_timm_leaves_out(name):
    spec = sizes.dinov3(DINOV3[name])
    theirs = count(lambda: timm.create_model(f"vit_{name}_patch16_dinov3", num_classes=0))
    assert count(spec.build) == theirs + 3 * spec.dim * spec.depth


def test_an_unknown_size_lists_the_known():
    with pytest.raises(ValueError, match="no published size 'xl'; known are ti, s, b, l, h, so400m, g, "):
        sizes.vit("xl")


def test_flexivit_keeps_a_kernel_of_32():
    spec = sizes.flexivit("b")
    assert (spec.kernel, spec.grid, spec.size // spec.patch) == (32, 7, 15)

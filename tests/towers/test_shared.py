import pytest
import torch

from sightline.towers import Causal, Norm, TransformerTextSpec, ViTSpec, share

IMAGE = ViTSpec(size=16, patch=4, dim=24, depth=2, heads=3)
TEXT = TransformerTextSpec(vocab=20, length=6, dim=24, depth=2, heads=3, reading=Causal(eot=7), norm=Norm())
IDS = torch.tensor([[3, 4, 7, 0, 0, 0], [5, 7, 0, 0, 0, 0]])


def test_both_modalities_move_the_same_blocks():
    image, text = share(IMAGE.build(), TEXT.build())
    both = torch.nn.ModuleDict({"image": image, "text": text})
    names = [name for name, _ in both.named_parameters() if name.startswith("text.")]
    assert names == ["text.position", "text.embed.weight"]
    seen = []
    for y in (image(torch.randn(2, 3, 16, 16)).pooled, text(IDS)):
        both.zero_grad()
        y.square().sum().backward()
        seen.append(image.stack.blocks[0].attn.qkv.weight.grad.clone())
    assert seen[0].any() and seen[1].any() and not torch.equal(*seen)


def test_towers_that_share_survive_the_state_dict():
    image, text = share(IMAGE.build(), TEXT.build())
    again = torch.nn.ModuleDict({"image": IMAGE.build(), "text": TEXT.build()})
    again.load_state_dict(torch.nn.ModuleDict({"image": image, "text": text}).state_dict())
    x = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(again["image"](x).pooled, image(x).pooled, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(again["text"](IDS), text(IDS), rtol=1e-5, atol=1e-6)


def test_towers_that_do_not_fit_are_refused():
    wider = ViTSpec(size=16, patch=4, dim=24, depth=2, heads=3, mlp=40)
    with pytest.raises(ValueError, match=r"blocks.0.mlp.fc1.bias is \(40,\) in the image tower and \(96,\)"):
        share(wider.build(), TEXT.build())
    deeper = ViTSpec(size=16, patch=4, dim=24, depth=3, heads=3)
    with pytest.raises(ValueError, match="blocks.2.* missing in the text tower"):
        share(deeper.build(), TEXT.build())

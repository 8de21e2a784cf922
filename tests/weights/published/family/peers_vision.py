"""Peers that only see: transformers' DINOv2, DINOv3, ViT, MAE, and state dicts as their authors publish them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peers import CASES, VISION, apart, case, pictures, quiet, randomise, whole
from torch import Tensor, nn

import sightline

__all__ = ["CASES"]
OTHER = (48, 40)
NAMES = (("", (32, 32)), ("@", OTHER))
NUMBERS = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8)


def compared(folder: Path, forward: Callable[[Tensor], Any], sizes: tuple = NAMES) -> dict[str, float]:
    """Vectors and whole sequences of the encoder in `folder` against `forward`'s last_hidden_state, and attentions of
    both blocks where it gives them."""
    ours, found = sightline.load(f"local-dir:{folder}", device="cpu"), {}
    with torch.no_grad():
        for name, size in sizes:
            images = pictures(size=size)
            theirs = forward(images)
            features = ours.features(images)
            tokens = theirs.last_hidden_state
            pooled = theirs.get("pooler_output") if hasattr(theirs, "get") else None
            found[f"image{name}"] = apart(tokens[:, 0] if pooled is None else pooled, ours.encode_image(images))
            found[f"tokens{name}"] = apart(tokens, whole(ours, features))
            assert features.grid == (size[0] // 8, size[1] // 8), features.grid
            for block, maps in enumerate(theirs.attentions or ()):
                found[f"attention{name}.{block}"] = apart(maps, ours.attention(images, block))
    return found


def eager(kind: type, config: Any, **settings: Any) -> nn.Module:
    """A peer that gives its attentions, random."""
    quiet()
    config._attn_implementation = "eager"
    return randomise(kind(config, **settings))


@case("DINOv2", "transformers Dinov2Model")
def dinov2_model(folder: Path, **settings: Any) -> dict[str, float]:
    from transformers import Dinov2Config, Dinov2Model

    peer = eager(Dinov2Model, Dinov2Config(**NUMBERS, mlp_ratio=2, **settings))
    peer.save_pretrained(folder)
    return compared(folder, lambda x: peer(x, output_attentions=True))


@case("DINOv2", "transformers Dinov2Model, SwiGLU giant")
def dinov2_giant(folder: Path) -> dict[str, float]:
    return dinov2_model(folder, use_swiglu_ffn=True)


@case("DINOv2", "transformers Dinov2WithRegistersModel")
def dinov2_registers(folder: Path) -> dict[str, float]:
    from transformers import Dinov2WithRegistersConfig, Dinov2WithRegistersModel

    peer = eager(Dinov2WithRegistersModel, Dinov2WithRegistersConfig(**NUMBERS, num_register_tokens=3))
    peer.save_pretrained(folder)
    return compared(folder, lambda x: peer(x, output_attentions=True))


@case("DINOv3", "transformers DINOv3ViTModel")
def dinov3_model(folder: Path, **settings: Any) -> dict[str, float]:
    from transformers import DINOv3ViTConfig, DINOv3ViTModel

    peer = eager(DINOv3ViTModel, DINOv3ViTConfig(**VISION, num_register_tokens=3, **settings))
    peer.save_pretrained(folder)
    return compared(folder, lambda x: peer(x, output_attentions=True))


@case("DINOv3", "transformers DINOv3ViTModel, gated MLP, no biases of q and v")
def dinov3_gated(folder: Path) -> dict[str, float]:
    return dinov3_model(folder, use_gated_mlp=True, hidden_act="silu", query_bias=False, value_bias=False)


@case("ViT", "transformers ViTModel without pooler")
def vit_model(folder: Path, **settings: Any) -> dict[str, float]:
    from transformers import ViTConfig, ViTModel

    peer = eager(ViTModel, ViTConfig(**VISION, **settings), add_pooling_layer=False)
    peer.save_pretrained(folder)
    return compared(folder, lambda x: peer(x, output_attentions=True, interpolate_pos_encoding=True))


@case("ViT", "transformers ViTForImageClassification")
def vit_classifier(folder: Path) -> dict[str, float]:
    from transformers import ViTConfig, ViTForImageClassification

    peer = eager(ViTForImageClassification, ViTConfig(**VISION, num_labels=5))
    peer.save_pretrained(folder)
    return compared(folder, lambda x: peer.vit(x, output_attentions=True, interpolate_pos_encoding=True))


@case("MAE", "transformers ViTMAEModel, nothing masked")
def mae_model(folder: Path, name: str = "ViTMAEModel") -> dict[str, float]:
    import transformers

    decoder = dict(decoder_hidden_size=32, decoder_num_hidden_layers=1, decoder_num_attention_heads=2)
    config = transformers.ViTMAEConfig(**VISION, **decoder, decoder_intermediate_size=32, mask_ratio=0.0)
    peer = eager(getattr(transformers, name), config)
    peer.save_pretrained(folder)
    tower = peer if name == "ViTMAEModel" else peer.vit

    def in_order(images: Tensor) -> Any:
        # the peer shuffles by noise and keeps the order of the kept ones
        places = (images.shape[2] // 8) * (images.shape[3] // 8)
        noise = torch.arange(float(places)).expand(len(images), -1)
        return tower(images, noise=noise, output_attentions=True, interpolate_pos_encoding=True)

    return compared(folder, in_order)


@case("MAE", "transformers ViTMAEForPreTraining")
def mae_whole(folder: Path) -> dict[str, float]:
    return mae_model(folder, "ViTMAEForPreTraining")


class Sequence(dict):
    """What transformers would return, of a timm tower."""

    attentions = None

    @property
    def last_hidden_state(self) -> Tensor:
        return self["last_hidden_state"]


def timm_vit(**settings: Any) -> nn.Module:
    """timm's ViT, small, random; a head of 64 as everywhere."""
    from timm.models.vision_transformer import VisionTransformer

    sizes = dict(img_size=32, patch_size=8, embed_dim=128, depth=2, num_heads=2, num_classes=0, dynamic_img_size=True)
    return randomise(VisionTransformer(**(sizes | settings)))


def of_timm(peer: nn.Module) -> Callable[[Tensor], Sequence]:
    return lambda x: Sequence(last_hidden_state=peer.forward_features(x), pooler_output=peer(x))


@case("DINO, iBOT", "timm ViT in the authors' layout (.pth)")
def dino_state(folder: Path, nest: Callable[[dict], Any] = dict) -> dict[str, float]:
    folder.mkdir(parents=True, exist_ok=True)
    peer = timm_vit()
    torch.save(nest(dict(peer.state_dict())), folder / "dino.pth")
    return compared(folder, of_timm(peer), NAMES[:1])


@case("DINOv2", "timm ViT with registers in torch.hub's layout (.pth)")
def dinov2_hub(folder: Path) -> dict[str, float]:
    """On another grid both resize with antialiasing and no shift, as the authors do under registers."""
    folder.mkdir(parents=True, exist_ok=True)
    peer = timm_vit(reg_tokens=2, init_values=0.1, no_embed_class=False)
    state = {name.replace("reg_token", "register_tokens"): value for name, value in peer.state_dict().items()}
    # timm keeps the rows of class and registers in one table; the authors have none for registers
    table = state["pos_embed"]
    state["register_tokens"] = state["register_tokens"] + table[:, 1:3]
    state["pos_embed"] = torch.cat([table[:, :1], table[:, 3:]], 1)
    torch.save(state | {"mask_token": torch.randn(1, 128)}, folder / "dinov2_vits14_reg4_pretrain.pth")
    return compared(folder, of_timm(peer))


def timm_named(name: str, **settings: Any) -> nn.Module:
    """timm's model of that name, small, random; a head of 64 as everywhere."""
    import timm

    sizes = dict(img_size=32, patch_size=8, embed_dim=128, depth=2, num_heads=2, num_classes=0, dynamic_img_size=True)
    return randomise(timm.create_model(name, pretrained=False, **(sizes | settings)))


def save_timm(folder: Path, peer: nn.Module, **said: Any) -> None:
    """A folder as timm itself writes it, for its hub too; `said` replaces fields of its config."""
    from timm.models import save_for_hf

    save_for_hf(peer, folder, safe_serialization=True, model_config=said)


@case("timm", "VisionTransformer")
def timm_plain(folder: Path, name: str = "vit_small_patch16_224", **settings: Any) -> dict[str, float]:
    peer = timm_named(name, **settings)
    save_timm(folder, peer)
    return compared(folder, of_timm(peer))


@case("timm", "VisionTransformer, DeiT III")
def timm_deit3(folder: Path) -> dict[str, float]:
    return timm_plain(folder, "deit3_small_patch16_224")


@case("timm", "VisionTransformer, registers and SwiGLU")
def timm_giant(folder: Path) -> dict[str, float]:
    return timm_plain(folder, "vit_giant_patch14_reg4_dinov2")


@case("timm", "VisionTransformer, CLIP's with QuickGELU")
def timm_clip(folder: Path) -> dict[str, float]:
    return timm_plain(folder, "vit_base_patch32_clip_quickgelu_224")


@case("timm", "VisionTransformer, SigLIP's, map and mean")
def timm_siglip(folder: Path) -> dict[str, float]:
    one = timm_plain(folder / "map", "vit_base_patch32_siglip_256")
    two = timm_plain(folder / "mean", "vit_base_patch32_siglip_gap_256")
    return {name: max(one[name], two[name]) for name in one}


class Adaptable:
    """Small random models of timm and transformers that have no tower of ours."""

    @staticmethod
    def timm(name: str, **settings: Any) -> nn.Module:
        import timm

        return randomise(timm.create_model(name, pretrained=False, num_classes=0, **settings))

    @staticmethod
    def transformers(name: str, **settings: Any) -> nn.Module:
        import transformers

        quiet()
        config = getattr(transformers, name.replace("Model", "Config"))(**settings)
        return randomise(getattr(transformers, name)(config))


SWIN = dict(img_size=64, patch_size=4, embed_dim=16, depths=(1, 1), num_heads=(1, 2), window_size=4)


def adapted_timm(peer: nn.Module, folder: Path, size: int) -> tuple[Any, Tensor, Tensor]:
    """The encoder of a timm folder, pictures, and what the peer makes of them."""
    save_timm(folder, peer, pretrained_cfg={"input_size": [3, size, size], "tag": "none"})
    images = pictures(size=(size, size))
    return sightline.load(f"local-dir:{folder}", device="cpu"), images, peer.forward_features(images)


@case("adapters", "timm swin, convnext, eva")
def adapter_timm(folder: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    small = dict(depths=(1, 1, 1, 1), dims=(8, 16, 24, 32))
    rope = dict(img_size=32, patch_size=8, embed_dim=48, depth=2, num_heads=3)
    with torch.no_grad():
        for name, size, args in (
            ("swin_tiny_patch4_window7_224", 64, SWIN),
            ("convnext_tiny", 64, small),
            ("eva02_tiny_patch14_224", 32, rope),
        ):
            peer = Adaptable.timm(name, **args)
            ours, images, x = adapted_timm(peer, folder / name, size)
            features = ours.features(images)
            if x.ndim == 4:
                x = x.flatten(1, 2) if name.startswith("swin") else x.flatten(2).mT
            found["tokens"] = max(found.get("tokens", 0.0), apart(x, whole(ours, features)))
            found["image"] = max(found.get("image", 0.0), apart(peer(images), ours.encode_image(images)))
    return found


@case("adapters", "transformers BeitModel, ConvNextModel, SwinModel")
def adapter_transformers(folder: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    stages = dict(depths=[1, 1], hidden_sizes=[8, 16], num_stages=2, image_size=32)
    swin = dict(image_size=64, patch_size=4, embed_dim=16, depths=[1, 1], num_heads=[1, 2], window_size=4)
    with torch.no_grad():
        for name, size, args in (
            ("BeitModel", 32, VISION),
            ("ConvNextModel", 32, stages),
            ("SwinModel", 64, swin),
        ):
            peer = Adaptable.transformers(name, **args)
            peer.save_pretrained(folder / name)
            ours, images = sightline.load(f"local-dir:{folder / name}", device="cpu"), pictures(size=(size, size))
            theirs, features = peer(images), ours.features(images)
            x = theirs.last_hidden_state
            x = x.flatten(2).mT if x.ndim == 4 else x
            found["tokens"] = max(found.get("tokens", 0.0), apart(x, whole(ours, features)))
            pooled = apart(theirs.pooler_output.flatten(1), ours.encode_image(images))
            found["image"] = max(found.get("image", 0.0), pooled)
    return found

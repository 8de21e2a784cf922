"""open_clip's own models and OpenAI's layout, random weights, saved, loaded here, compared: more of `peers.CASES`."""

import json
from pathlib import Path

import torch
from peers import apart, case, clip_ids, full_ids, logits, pictures, randomise
from safetensors.torch import save_file
from torch import Tensor, nn

import sightline


def save_open_clip(folder: Path, peer: nn.Module, config: dict, preprocess: dict | None = None) -> None:
    """A folder as open_clip's push_to_hf_hub writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {"model_cfg": config, "preprocess_cfg": preprocess or {"mean": [0.5] * 3, "std": [0.5] * 3}}
    (folder / "open_clip_config.json").write_text(json.dumps(said))
    save_file({k: v.contiguous() for k, v in peer.state_dict().items()}, folder / "open_clip_model.safetensors")


OPEN_CLIP_TEXT = {"context_length": 12, "vocab_size": 60, "width": 64, "heads": 2, "layers": 2}
OPEN_CLIP_VIT = {
    "embed_dim": 48,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 16, "patch_size": 8},
    "text_cfg": OPEN_CLIP_TEXT,
}
OPEN_CLIP_RN = {
    "embed_dim": 48,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 64, "layers": [1, 2, 1, 1], "width": 16, "patch_size": None},
    "text_cfg": OPEN_CLIP_TEXT,
}
TRUNK = "vit_micro_patch8_siglip_32"
OPEN_CLIP_SIGLIP = {
    "embed_dim": 128,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {"image_size": 32, "timm_model_name": TRUNK, "timm_pool": "map", "timm_proj": "none"},
    "text_cfg": {
        "context_length": 64,
        "vocab_size": 60,
        "width": 96,
        "heads": 4,
        "layers": 2,
        "mlp_ratio": 3.7362,
        "no_causal_mask": True,
        "proj_bias": True,
        "pool_type": "last",
        "norm_kwargs": {"eps": 1e-6},
    },
}


def open_clip_peer(config: dict, size: int | None = None, **vision) -> nn.Module:
    """open_clip's model of a config, random; `size` for other pictures."""
    from open_clip.model import CLIP, CustomTextCLIP

    known = {k: v for k, v in config.items() if k not in ("custom_text", "vision_cfg")}
    seen = config["vision_cfg"] | vision | ({"image_size": size} if size else {})
    kind = CustomTextCLIP if config.get("custom_text") else CLIP
    return randomise(kind(vision_cfg=seen, **known))


@case("open_clip CLIP", "open_clip ViT")
def open_clip_vit(folder: Path, vision: dict | None = None, quick: bool = True) -> dict[str, float]:
    from open_clip.model import resize_pos_embed

    config = OPEN_CLIP_VIT | {"quick_gelu": quick, "vision_cfg": OPEN_CLIP_VIT["vision_cfg"] | (vision or {})}
    peer = open_clip_peer(config)
    save_open_clip(folder, peer, config)
    ours = sightline.load(folder, device="cpu")
    ids, found = clip_ids(), {}
    with torch.no_grad():
        found["text"] = apart(peer.encode_text(ids), ours.encode_text(ids))
        for name, size in (("", 32), ("@", 48)):
            images = pictures(size=(size, size))
            if size != 32:
                larger = open_clip_peer(config, size)
                state = dict(peer.state_dict())
                resize_pos_embed(state, larger)
                larger.load_state_dict(state)
                peer = larger
            peer.visual.output_tokens = True
            vectors, tokens = peer.visual(images)
            peer.visual.output_tokens = False
            found[f"image{name}"] = apart(vectors, ours.encode_image(images))
            found[f"tokens{name}"] = apart(tokens, ours.features(images).tokens)
            found[f"logits{name}"] = apart(peer.get_logits(images, ids)[0], logits(ours, images, ids))
    return found


@case("open_clip CLIP", "open_clip RN", tolerance=1e-4)
def open_clip_rn(folder: Path) -> dict[str, float]:
    peer = open_clip_peer(OPEN_CLIP_RN)
    save_open_clip(folder, peer, OPEN_CLIP_RN)
    ours = sightline.load(folder, device="cpu")
    ids, images = clip_ids(), pictures(size=(64, 64))
    seen: list[Tensor] = []
    peer.visual.attnpool.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        return {
            "image": apart(peer.encode_image(images), ours.encode_image(images)),
            "text": apart(peer.encode_text(ids), ours.encode_text(ids)),
            "tokens": apart(seen[0].flatten(2).transpose(1, 2), ours.features(images).tokens),
            "logits": apart(peer.get_logits(images, ids)[0], logits(ours, images, ids)),
        }


def trunk(**settings) -> nn.Module:
    """A SigLIP tower of timm's, small; open_clip makes its towers by timm's names."""
    from timm.models.vision_transformer import VisionTransformer

    given = {k: v for k, v in settings.items() if k in ("num_classes", "global_pool")}
    sizes = dict(img_size=32, patch_size=8, embed_dim=128, depth=2, num_heads=2, class_token=False)
    return VisionTransformer(**sizes, **given, dynamic_img_size=True)


@case("open_clip SigLIP", "open_clip CustomTextCLIP, timm trunk")
def open_clip_siglip(folder: Path) -> dict[str, float]:
    import timm

    make = timm.create_model
    try:
        timm.create_model = lambda name, **settings: trunk(**settings)
        peer = open_clip_peer(OPEN_CLIP_SIGLIP)
    finally:
        timm.create_model = make
    save_open_clip(folder, peer, OPEN_CLIP_SIGLIP)
    ours = sightline.load(folder, device="cpu")
    ids, found = full_ids(), {}
    with torch.no_grad():
        found["text"] = apart(peer.encode_text(ids), ours.encode_text(ids))
        for name, size in (("", (32, 32)), ("@", (48, 40))):
            images = pictures(size=size)
            tokens = peer.visual.trunk.forward_features(images)
            found[f"image{name}"] = apart(peer.encode_image(images), ours.encode_image(images))
            found[f"tokens{name}"] = apart(tokens, ours.features(images).tokens)
            found[f"logits{name}"] = apart(peer.get_logits(images, ids)[0], logits(ours, images, ids))
    return found


@case("OpenAI CLIP", "open_clip from OpenAI's state dict (fp16 .pt)")
def openai_state(folder: Path) -> dict[str, float]:
    from open_clip.model import build_model_from_openai_state_dict

    config = OPEN_CLIP_VIT | {"vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8}}
    folder.mkdir(parents=True, exist_ok=True)
    half = {name: value.half() for name, value in open_clip_peer(config).state_dict().items()}
    torch.save(half, folder / "ViT.pt")
    peer = build_model_from_openai_state_dict(dict(half), cast_dtype=torch.float16).float().eval()
    ours = sightline.load(folder / "ViT.pt", device="cpu")
    ids, images = clip_ids(), pictures()
    with torch.no_grad():
        return {
            "image": apart(peer.encode_image(images), ours.encode_image(images)),
            "text": apart(peer.encode_text(ids), ours.encode_text(ids)),
            "logits": apart(peer.get_logits(images, ids)[0], logits(ours, images, ids)),
        }

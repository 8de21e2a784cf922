"""What somebody meant who named an encoder that is not there: a published one without its scheme, or a path mistyped.

Nothing is fetched or imported: by the shape of the name, and by what lies beside the path.
"""

import re
from difflib import get_close_matches
from pathlib import Path

OWNERS = (
    (r"clip-vit-", "openai"),
    (r"CLIP-ViT-", "laion"),
    (r"siglip2?-", "google"),
    (r"vit-(tiny|small|base|large|huge)-", "google"),
    (r"vit-mae-", "facebook"),
    (r"dinov[23]-", "facebook"),
    (r"dino-vit", "facebook"),
)
"""beginnings of names on the hub, and who publishes them"""
OPEN_CLIP = re.compile(
    r"(ViT-[A-Za-z]+-?\d*|RN\d+|EVA0\d-[A-Z]|coca_ViT|MobileCLIP|PE-Core|ViTamin-|nllb-clip|xlm-roberta-\w+-ViT|"
    r"roberta-ViT|mt5-\w+-ViT|convnext_\w+_w)"
)
"""beginnings of open_clip's names"""
TIMM = re.compile(
    r"(vit|deit|deit3|beit|beitv2|cait|xcit|eva|eva02|swin|swinv2|convnext|convnextv2|resnet|resnetv2|resnext|seresnet|"
    r"wide_resnet|regnet|efficientnet|efficientnetv2|efficientvit|tf_efficientnet|mobilenet|mobilenetv[234]|mobilevit|"
    r"fastvit|hiera|maxvit|maxxvit|coat|coatnet|davit|dpn|densenet|inception|levit|mixer|nfnet|pit|poolformer|pvt|"
    r"repvgg|sequencer|twins|vgg|volo|vovnet|xception|aimv2|naflexvit|samvit|crossvit|tiny_vit|mambaout|ghostnet)"
    r"v?\d*[a-z]?(_[a-z0-9_]+)?(\.[a-z0-9_]+)?"
)
"""timm's names: architecture, and after a point the tag of its weights"""
SCHEMES = {"hf", "huggingface", "hub", "hf-hub", "hf_hub"}
OURS = {"runs", "run", "models", "encoders", "checkpoints", "weights", "data", "out", "output"}
"""folders of one's own: what stands below them is no name on the hub"""
PART = r"[A-Za-z0-9][\w.-]*"


def did_you_mean(name: str) -> str:
    """A sentence that begins with "did you mean", with a space before it; "" where nothing is like it."""
    beside = _beside(Path(name.removeprefix("local-dir:")))
    found = beside if beside and Path(beside).exists() else _published(name) or beside
    return f" Did you mean {found}?" if found else ""


def _published(name: str) -> str:
    """The address of a published encoder, "" where the name looks like none."""
    bare = re.sub(r"^(https?://)?(www\.)?(huggingface\.co|hf\.co)/", "hf:", name)
    scheme, colon, rest = bare.partition(":")
    if colon and scheme.lower() in SCHEMES:
        rest = re.sub(r"/(tree|blob|resolve)/(main(/.*)?|[^/]+.*)$", _revision, rest.strip("/"))
        return f"hf-hub:{rest}" if re.fullmatch(rf"{PART}/{PART}(@{PART})?", rest) else ""
    if colon and scheme.lower().replace("-", "_") in ("openclip", "open_clip"):
        return f"open_clip:{rest.strip('/')}"
    if colon and scheme.lower() == "timm":
        return f"timm:{rest.strip('/')}"
    if colon:
        return ""
    if re.fullmatch(r"ViT-[BLHg]/\d+(@336px)?", name):
        return f"open_clip:{name.replace('/', '-').replace('@336px', '-336')}/openai"  # OpenAI's own spelling
    model, slash, tag = name.partition("/")
    if OPEN_CLIP.match(model) and not Path(model).exists():
        return f"open_clip:{model}/{tag or 'TAG'}"
    if slash and re.fullmatch(rf"{PART}/{PART}(@{PART})?", name):
        return "" if model.lower() in OURS or Path(model).exists() else f"hf-hub:{name}"
    if slash:
        return ""
    for beginning, owner in OWNERS:
        if re.match(beginning, name):
            return f"hf-hub:{owner}/{name}"
    return f"timm:{name}" if TIMM.fullmatch(name) else ""


def _revision(found: re.Match[str]) -> str:
    revision = found[2].split("/")[0]
    return "" if revision == "main" else f"@{revision}"


def _beside(path: Path) -> str:
    """The nearest of what lies beside a path that is not there."""
    for near in (path, *path.parents):
        if not near.parent.is_dir() or near == near.parent:
            continue
        try:
            names = [one.name for one in near.parent.iterdir() if not one.name.startswith(".")]
        except OSError:
            return ""
        alike = get_close_matches(near.name, names, n=1, cutoff=0.6)
        if not alike:  # a capital too many, or none
            alike = [one for one in names if one.lower() == near.name.lower()][:1]
        return str(near.parent / alike[0] / path.relative_to(near)) if alike else ""
    return ""

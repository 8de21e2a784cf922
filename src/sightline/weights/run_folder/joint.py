"""Kept parts as one module that embeds, and as the tensors of a file."""

from collections.abc import Mapping

from jaxtyping import Float, Int
from torch import Tensor, nn

from sightline.nn.head import width
from sightline.protocols import Kept
from sightline.towers.naflex import Patches
from sightline.towers.pooled import pooled

PARTS = ("image.", "text.", "project_image.", "project_text.")
SCALARS = ("log_scale", "bias")
"""Names of an encoder's tensors in a file; other parts have names of their own."""


class Joint(nn.Module):
    """`project_image(image(x).pooled)` and `project_text(text(tokens))`, with the names the methods use.

    A published half has only one of the two towers, a decoder or a codec alone none. `others` are further kept parts:
    submodules by their names, which embedding does not need.
    """

    def __init__(
        self,
        image: nn.Module | None,
        text: nn.Module | None,
        project_image: nn.Module,
        project_text: nn.Module,
        log_scale: Tensor | None,
        bias: Tensor | None,
        others: Mapping[str, nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.image, self.text = image, text
        self.project_image, self.project_text = project_image, project_text
        self.register_buffer("log_scale", log_scale)
        self.register_buffer("bias", bias)
        for name, part in (others or {}).items():
            self.add_module(name, part)

    def encode_image(self, image: Float[Tensor, "b c y x"] | Patches) -> Float[Tensor, "b e"]:
        assert self.image is not None, "TorchEncoder refuses pictures where there is no image tower"
        return self.project_image(pooled(self.image, image))

    def encode_text(self, tokens: Int[Tensor, "b n"]) -> Float[Tensor, "b e"]:
        assert self.text is not None, "TorchEncoder refuses text where there is no text tower"
        return self.project_text(self.text(tokens))


def joint_of(kept: Kept) -> Joint:
    """The kept parts as one module, which shares them with the method: what is evaluated, loaded and exported."""
    others = dict(kept.parts)
    scalars = dict(kept.scalars)
    image, text = others.pop("image", None), others.pop("text", None)
    made = Joint(
        image,
        text,
        others.pop("project_image", None) or nn.Identity(),
        others.pop("project_text", None) or nn.Identity(),
        scalars.pop("log_scale", None),
        scalars.pop("bias", None),
        others,
    )
    for name, value in scalars.items():
        made.register_buffer(name, value)
    return made


def kept_of(model: nn.Module, capabilities: tuple[str, ...] | None = None) -> Kept:
    """What `joint_of` made a module of. `capabilities` are those of its towers where nothing else is said."""
    parts = dict(model.named_children())
    scalars = dict(model.named_parameters(recurse=False)) | dict(model.named_buffers(recurse=False))
    able = towers_do(parts) if capabilities is None else capabilities
    return Kept(parts=parts, scalars={name: x.detach() for name, x in scalars.items()}, capabilities=able)


def towers_do(parts: Mapping[str, object]) -> tuple[str, ...]:
    """The capabilities of an image and a text tower among `parts`."""
    return ("embeds",) * ("image" in parts) + ("reads_text",) * ("text" in parts)


def dim_of(kept: Kept) -> int | None:
    """The width of the vectors: the projection's, the tower's own where nothing is projected, None where nothing
    embeds."""
    for name in ("image", "text"):
        if name in kept.parts:
            weight = dict(getattr(kept.parts.get(f"project_{name}"), "named_parameters", dict)()).get("weight")
            return width(kept.parts[name]) if weight is None else weight.shape[0]
    return None


def tensors_of(kept: Kept) -> dict[str, Tensor]:
    """The tensors themselves, by the names they have in a file: `part.key`, and those of the scalars."""
    parts = {f"{name}.{key}": x for name, part in kept.parts.items() for key, x in part.state_dict().items()}
    return parts | {name: value.detach() for name, value in kept.scalars.items()}


def stored(kept: Kept) -> dict[str, Tensor]:
    """`tensors_of` as a file takes them: sorted, on the CPU, contiguous, each with its own memory."""
    tensors = sorted(tensors_of(kept).items())
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in tensors}


def fill(kept: Kept, tensors: Mapping[str, Tensor]) -> None:
    """The values of a file into parts just built. ValueError listing what is missing, unknown or of another shape."""
    expected = tensors_of(kept)
    problems = [f"{name} is missing" for name in expected if name not in tensors]
    problems += [f"{name} is unknown" for name in tensors if name not in expected]
    problems += [
        f"{name} is {tuple(tensors[name].shape)} and should be {tuple(value.shape)}"
        for name, value in expected.items()
        if name in tensors and tensors[name].shape != value.shape
    ]
    if problems:
        more = f" and {len(problems) - 4} more" if len(problems) > 4 else ""
        raise ValueError("; ".join(problems[:4]) + more)
    for name, part in kept.parts.items():
        before = f"{name}."
        part.load_state_dict({key.removeprefix(before): x for key, x in tensors.items() if key.startswith(before)})

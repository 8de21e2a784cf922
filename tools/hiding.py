"""One step of BERT's masking beside one of iBOT's and of MAE's, on one small example: the table of docs/masks.md.

The methods are the package's own, untrained, seed 0: what is shown is what is hidden, put in, asked for and paid, not
what is learnt. Every number is computed here, by the functions that training runs.
"""

from math import log
from typing import Any

import numpy as np
import torch

from sightline.data.augment.draws import Draws
from sightline.data.masks import BlockMask, RandomMask
from sightline.data.scenes.source import Scenes
from sightline.losses.distillation import cross_entropy_to
from sightline.losses.pixels import patch_errors, patchify
from sightline.methods.parts.masked import see
from sightline.methods.parts.teaching import Head
from sightline.methods.pictures import ibot, mae
from sightline.methods.text import mlm
from sightline.towers.spec import BertTextSpec, Mean, ViTSpec, WordHeadSpec

SIDE, PATCH, PROTOTYPES, SCENE = 32, 8, 64, 4
SPECIALS = ("pad", "end")


@torch.no_grad()
def table() -> str:
    """The rows of the three, side by side."""
    sample = Scenes(level=1, size=SIDE)[SCENE]
    picture: Any = sample.image
    image = (torch.from_numpy(picture).permute(2, 0, 1)[None] / 255 - 0.5) / 0.5
    columns = zip(_bert(sample.captions[0]), _ibot(image), _mae(image), strict=True)
    rows = zip(ROWS, columns, strict=True)
    lines = [f"| {name} | {' | '.join(cells)} |" for name, cells in rows]
    return "\n".join(["| | BERT (`mlm`) | iBOT | MAE |", "| --- | --- | --- | --- |", *lines])


ROWS = (
    "the example",
    "hidden",
    "what goes in",
    "what comes out",
    "the target",
    "one of them",
    "the loss is over",
    "the loss",
)


def _bert(caption: str) -> tuple[str, ...]:
    words = [*caption.split(), "end"]
    vocabulary = [*SPECIALS, *sorted({*words} - {*SPECIALS})]
    ids = torch.tensor([[vocabulary.index(word) for word in words]])
    size = len(vocabulary)
    torch.manual_seed(0)
    text = BertTextSpec(vocab=size, length=len(words), dim=32, depth=1, heads=2)
    method = mlm.MLM(text.build(), WordHeadSpec(vocab=size, dim=32).build())
    draws = torch.rand(1, len(words), 3, generator=torch.Generator().manual_seed(398))
    seen, covered, chosen = mlm.hide(ids, draws, method.config, size, method.head.specials)
    shown = ["[MASK]" if c else vocabulary[i] for i, c in zip(seen[0].tolist(), covered[0].tolist(), strict=True)]
    vectors = method.text.embed.weight
    inputs = torch.where(covered[..., None], method.head.cover, vectors[seen])
    logits = method.head(method.text.tokens(ids, inputs)[chosen], vectors)
    shares = logits.softmax(-1).gather(1, ids[chosen][:, None])[:, 0]
    share = float(shares[0])
    asked = [words[k] for k in chosen[0].nonzero()[:, 0].tolist()]
    loss = float(mlm.masked_words(logits, ids[chosen]))
    said = " and ".join(f'"{word}"' for word in asked)
    return (
        f'"{caption}", {len(words) - 1} words',
        f"each word with a chance of 15 %; here {len(asked)}: {said}",
        f'all {len(words)} places: "{" ".join(shown[:-1])}" and the end',
        f"for each hidden word {size} numbers, one a word of the vocabulary",
        "the word that stood there",
        f'p("{asked[0]}") = {share:.3f}; -ln {share:.3f} = {-log(share):.2f}',
        f"the {len(asked)} hidden words",
        f"{loss:.2f} (knowing nothing: ln {size} = {log(size):.2f})",
    )


def _tower() -> ViTSpec:
    return ViTSpec(size=SIDE, patch=PATCH, dim=32, depth=1, heads=2, pool=Mean())


def _ibot(image: torch.Tensor) -> tuple[str, ...]:
    torch.manual_seed(0)
    method = ibot.IBOT(_tower().build(), ibot.Config(head=Head(prototypes=PROTOTYPES, hidden=32, bottleneck=16)))
    masks = [_mask(BlockMask(ratio=0.3, share=1), image, number) for number in range(2)]
    method.before_step(0, 1)
    seen = see(method.pair, method.token, {"image": image, "views": [image], "masks": masks})
    told = method.patch_targets(method.pair.teacher_model.head(seen.teacher_tokens), method.pair.temperature)[seen.mask]
    logits = method.pair.student.head(seen.tokens[seen.mask])
    costs = cross_entropy_to(told, logits, method.config.teaching.student_temperature)[: int(seen.mask[:1].sum())]
    sure = int(told[0].argmax())
    places = masks[0].flatten(1)[0].nonzero()[:, 0].tolist()
    return (
        f"its picture, {SIDE // PATCH} x {SIDE // PATCH} = {(SIDE // PATCH) ** 2} patches of {PATCH} px",
        f"blocks, 30 %; here {len(places)}: patches {_listed(places)}",
        f"all 16 places: {16 - len(places)} patches and {len(places)} times one learnt vector",
        f"for each hidden patch {PROTOTYPES} numbers, one a prototype",
        "what a teacher that sees all of the picture says of the patch: a share for each prototype",
        f"patch {places[0]}: the teacher gives prototype {sure} most, {float(told[0, sure]):.2f}; "
        f"-sum P ln p = {float(costs[0]):.2f}",
        f"the {len(places)} hidden patches",
        f"{float(costs.mean()):.2f} (knowing nothing: ln {PROTOTYPES} = {log(PROTOTYPES):.2f})",
    )


def _mae(image: torch.Tensor) -> tuple[str, ...]:
    torch.manual_seed(0)
    method = mae.MAE(_tower().build(), mae.Config(dim=16, depth=1, heads=2, target=mae.NormalisedPixels(eps=1e-2)))
    mask = _mask(RandomMask(ratio=0.75, share=1), image, 0)
    hidden = mask.flatten(1)
    loss = float(method({"image": image, "masks": [mask]})["pixels"])
    target = method.config.target(patchify(image, PATCH))
    guessed = method._guessed(image, mask)[1]  # pyright: ignore[reportPrivateUsage]
    errors = patch_errors(guessed, target)[hidden]
    nothing = float(target[hidden].square().mean())
    places = hidden[0].nonzero()[:, 0].tolist()
    numbers = ", ".join(f"{value:.2f}" for value in target[hidden][0, :3].tolist())
    return (
        "the same picture, the same 16 patches",
        f"single patches, 75 %; here {len(places)}: all but {_listed(sorted({*range(16)} - {*places}))}",
        f"the {16 - len(places)} others alone; a decoder then gets these and {len(places)} times one learnt vector",
        f"for each hidden patch {target.shape[-1]} numbers, one a pixel and colour",
        "its pixels, less their mean, over their standard deviation",
        f"patch {places[0]}: pixels {numbers} ...; the mean square of the differences is {float(errors[0]):.2f}",
        f"the {len(places)} hidden patches",
        f"{loss:.2f} (guessing zeros: {nothing:.2f})",
    )


def _mask(kind: Any, image: torch.Tensor, view: int) -> torch.Tensor:
    side = SIDE // PATCH
    return kind((image + 1) / 2, (side, side), Draws(0, 0, np.array([0]), f"mask {view}"))


def _listed(places: list[int]) -> str:
    return f"{', '.join(map(str, places[:-1]))} and {places[-1]}" if len(places) > 1 else str(places[0])

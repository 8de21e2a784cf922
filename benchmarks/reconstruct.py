"""What an autoencoder or MAE gives back: a sheet of pictures, and the autoencoder's line to beat, PCA.

    SIGHTLINE_DATA=... python benchmarks/reconstruct.py RUN --sheet sheet.png

Rows of the sheet: pictures of the test part, what the encoder sees of them (MAE), what comes out, and for an
autoencoder what comes out of as many principal components. Of an autoencoder one line of JSON is printed: the share of
the test pictures' variance that is `explained` by it and by `pca`, both fitted to the training part, and kNN and linear
probe of its `code`, which is dropped (atlas_ssl.py has those of the layer that is kept).
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from _atlas import Principal, part, pictures, rounded
from sightline.data.augment.draws import Draws
from sightline.data.prepare.preprocess import Preprocess
from sightline.methods.pictures.autoencoder import Autoencoder
from sightline.methods.pictures.mae import MAE
from sightline.probes.knn import KNN
from sightline.probes.linear import LinearProbe
from sightline.recipes.restored import restored
from sightline.train.recipe.recipe import Recipe

SHOWN = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--set", default="cifar10")
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    recipe, method = restored(options.run)
    rule = recipe.data.evaluation_view()
    shown = torch.from_numpy(rule.normalised(part(options.set, "test", rule).pixels[:SHOWN]))
    with torch.inference_mode():
        if isinstance(method, MAE):
            rows = masked(recipe, method, shown)
        elif isinstance(method, Autoencoder):
            if rule != Principal.rule:
                raise SystemExit(f"components are of pictures by {Principal.rule}; this run has {rule}")
            principal = Principal(options.set, recipe.method.code)
            rows = [shown, method.reconstruct(shown), back(principal, shown)]
            print(json.dumps(rounded(figures(recipe, method, principal, options.set))))
        else:
            raise SystemExit(f"{options.run} is a run of {recipe.name}; an autoencoder's or MAE's gives pictures back")
    if options.sheet:
        sheet(rows, rule).save(options.sheet)


def masked(recipe: Recipe, method: MAE, shown: torch.Tensor) -> list[torch.Tensor]:
    assert recipe.data.masks is not None
    side = shown.shape[-1] // method.patch
    mask = recipe.data.masks(shown, (side, side), Draws(recipe.seed, 0, np.arange(len(shown)), "mask 0"))
    hidden = mask.repeat_interleave(method.patch, 1).repeat_interleave(method.patch, 2)[:, None]
    return [shown, shown * ~hidden, method.reconstruct(shown, mask)]


def back(principal: Principal, shown: torch.Tensor) -> torch.Tensor:
    """Pictures made of their principal components again."""
    code = principal.vectors(shown.numpy())
    return torch.from_numpy(code @ principal.axes.T + principal.mean).reshape(shown.shape)


def figures(recipe: Recipe, method: Autoencoder, principal: Principal, name: str) -> dict[str, Any]:
    rule = recipe.data.evaluation_view()
    train, test = (part(name, split, rule) for split in ("train", "test"))
    kept, tested = (pictures(rule, p.pixels, lambda x: of(method.image, x)) for p in (train, test))
    given = pictures(rule, test.pixels, lambda x: x)
    wrong = np.square(pictures(rule, test.pixels, lambda x: of(method.reconstruct, x)) - given).sum()
    row: dict[str, Any] = {"code": recipe.method.code, "noise": recipe.method.noise, "pca": principal.explained}
    # the same variance as PCA's share is of: about the training part's mean
    row["explained"] = 1 - float(wrong / np.square(given.reshape(len(given), -1) - principal.mean).sum())
    names = sorted(set(train.classes))
    labels, truth = (p.labels(names) for p in (train, test))
    known, asked = (of(method.bottleneck, rows) for rows in (kept, tested))
    row["code_knn"] = float((KNN().fit(known, labels).predict(asked) == truth).mean())
    row["code_linear"] = float((LinearProbe().fit(known, labels).predict(asked) == truth).mean())
    return row


def of(module: Any, rows: np.ndarray, batch: int = 500) -> np.ndarray:
    made = (module(torch.from_numpy(rows[at : at + batch])) for at in range(0, len(rows), batch))
    return np.concatenate([getattr(out, "pooled", out).numpy() for out in made])


def sheet(rows: list[torch.Tensor], rule: Preprocess, enlarged: int = 3) -> Image.Image:
    mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (rule.mean, rule.std))
    whole = torch.cat([torch.cat(list(row * std + mean), 2) for row in rows], 1).clamp(0, 1)
    made = Image.fromarray((255 * whole).round().byte().permute(1, 2, 0).numpy())
    return made.resize((made.width * enlarged, made.height * enlarged), Image.Resampling.NEAREST)


if __name__ == "__main__":
    main()

"""What a CLIP trained on generated scenes understands, on 1,000 fresh ones.

    sightline train clip.small --data "scenes?level=1" --out runs/scenes
    python benchmarks/scenes_clip.py runs/scenes

Caption-to-image R@1 (an identical caption counts as right), and the share of pictures whose own caption scores above
the same words with sides, or colours, swapped (chance 0.5).
"""

import argparse
import json

import numpy as np

import sightline
from sightline.data.scenes import Scenes, hard_negatives
from sightline.probes.retrieval import retrieval


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--level", type=int, default=1)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7, help="of the fresh scenes; training uses seed 0")
    options = parser.parse_args()
    encoder = sightline.load(options.run)
    scenes = Scenes(level=options.level, n=options.n, seed=options.seed, split="test")
    samples = [scenes[i] for i in range(len(scenes))]
    captions = [s.captions[0] for s in samples]
    pictures = encoder.encode_image([s.image for s in samples], normalize=True).cpu().numpy()
    texts = encoder.encode_text(captions, normalize=True).cpu().numpy()
    found = retrieval(pictures, texts, np.arange(len(texts)), text_group=captions)
    row = {
        "level": options.level,
        "n": options.n,
        "distinct_captions": len(set(captions)),
        "r1": found["text_to_image"]["r1"],
        "r10": found["text_to_image"]["r10"],
        "image_to_text_r1": found["image_to_text"]["r1"],
        "chance_r1": 1 / len(samples),
    }
    for kind in ("swap_sides", "swap_colours", "value"):
        wrong = [hard_negatives(s.extra["scene"], kind) for s in samples]
        at = [i for i, text in enumerate(wrong) if text is not None]
        if at:
            others = encoder.encode_text([wrong[i] for i in at], normalize=True).cpu().numpy()
            right, left = (pictures[at] * texts[at]).sum(1), (pictures[at] * others).sum(1)
            row[kind] = float((right > left).mean() + 0.5 * (right == left).mean())
            row[f"{kind}_n"] = len(at)
    print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}))


if __name__ == "__main__":
    main()

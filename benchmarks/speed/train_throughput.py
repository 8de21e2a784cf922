"""Training speed against open_clip at equal sizes: the step alone, and end to end from JPEG files.

    python benchmarks/speed/train_throughput.py                     both precisions, five alternating pairs
    python benchmarks/speed/train_throughput.py --pairs 2 --steps 4

ViT 192 x 6, 64 px, patch 8, a text transformer 192 x 4 over 32 tokens, batch 256, AdamW, the same images and captions
on both sides. A pair is one run of ours and one of open_clip's, right after one another; the ratio is the median over
pairs. The last column is the share of this machine's matrix-product peak, measured in the same run.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

SIZE, PATCH, WIDTH, DEPTH, HEADS = 64, 8, 192, 6, 3
TEXT_WIDTH, TEXT_DEPTH, TEXT_HEADS, LENGTH, VOCAB, JOINT = 192, 4, 3, 32, 4096, 192
BATCH = 256
WORDS = "red blue green small large cat dog house tree car star heart on under beside a the two three near".split()


def peak(dtype: torch.dtype) -> float:
    """FLOP/s of a large square product, the best of ten."""
    a, b = torch.randn(2048, 2048).to(dtype), torch.randn(2048, 2048).to(dtype)
    times = []
    for _ in range(12):
        began = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - began)
    return 2 * 2048**3 / min(times)


def captions(n: int) -> list[str]:
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS, size=rng.integers(4, 11))) for _ in range(n)]


def ours(dtype: torch.dtype):
    """(method, step(image, tokens))."""
    from sightline.methods.image_text.clip import CLIP
    from sightline.nn.tag import groups
    from sightline.towers.spec import Causal, TransformerTextSpec, ViTSpec

    torch.manual_seed(0)
    image = ViTSpec(size=SIZE, patch=PATCH, dim=WIDTH, depth=DEPTH, heads=HEADS)
    text = TransformerTextSpec(
        vocab=VOCAB, length=LENGTH, dim=TEXT_WIDTH, depth=TEXT_DEPTH, heads=TEXT_HEADS, reading=Causal(eot=VOCAB - 1)
    )
    method = CLIP(image.build(), text.build(), JOINT).train()
    optimizer = torch.optim.AdamW(groups(method, 0.2), lr=1e-4, betas=(0.9, 0.98), eps=1e-6, fused=True)

    def step(images: torch.Tensor, tokens: torch.Tensor) -> float:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            loss = sum(method({"image": images, "tokens": tokens}).values())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(method.parameters(), 1.0)
        optimizer.step()
        method.after_step()
        return float(loss.detach())

    return method, step


def theirs(dtype: torch.dtype):
    """open_clip's model, loss, grouping of parameters and order of a step, as its training loop runs them."""
    import open_clip

    torch.manual_seed(0)
    model = open_clip.model.CLIP(
        JOINT,
        vision_cfg={
            "image_size": SIZE,
            "patch_size": PATCH,
            "width": WIDTH,
            "layers": DEPTH,
            "head_width": WIDTH // HEADS,
        },
        text_cfg={
            "context_length": LENGTH,
            "vocab_size": VOCAB,
            "width": TEXT_WIDTH,
            "heads": TEXT_HEADS,
            "layers": TEXT_DEPTH,
        },
    ).train()
    named = list(model.named_parameters())
    plain = [p for n, p in named if p.ndim < 2 or "bn" in n or "ln" in n or "bias" in n or "logit_scale" in n]
    decayed = [p for n, p in named if not any(p is q for q in plain)]
    optimizer = torch.optim.AdamW(
        [{"params": plain, "weight_decay": 0.0}, {"params": decayed, "weight_decay": 0.2}],
        lr=1e-4,
        betas=(0.9, 0.98),
        eps=1e-6,
    )
    loss_of = open_clip.loss.ClipLoss()

    def step(images: torch.Tensor, tokens: torch.Tensor) -> float:
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            image, text, scale = model(images, tokens)[:3]
            loss = loss_of(image, text, scale)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, np.log(100))
        return float(loss.detach())

    return model, step


def flops(step, images, tokens) -> float:
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter:
        step(images, tokens)
    return counter.get_total_flops()


def timed(step, images, tokens, steps: int) -> float:
    """Median seconds of a step."""
    times = []
    for _ in range(steps):
        began = time.perf_counter()
        step(images, tokens)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def step_alone(dtype: torch.dtype, pairs: int, steps: int) -> dict:
    tokens = torch.zeros(BATCH, LENGTH, dtype=torch.long)
    for row, caption in enumerate(captions(BATCH)):
        words = [2 + WORDS.index(w) for w in caption.split()]
        tokens[row, : len(words) + 2] = torch.tensor([1, *words, VOCAB - 1])
    images = torch.randn(BATCH, 3, SIZE, SIZE)
    (_, mine), (_, other) = ours(dtype), theirs(dtype)
    # each side's own work: ours cuts the captions at the longest of the batch
    work = flops(mine, images, tokens), flops(other, images, tokens)
    timed(mine, images, tokens, 2), timed(other, images, tokens, 2)
    a, b = [], []
    for pair in range(pairs):
        for which in (0, 1) if pair % 2 == 0 else (1, 0):
            (a if which == 0 else b).append(timed((mine, other)[which], images, tokens, steps))
    return _row(f"step {str(dtype).removeprefix('torch.')}", a, b, work, dtype)


def jpegs(folder: Path, n: int) -> list[str]:
    """n noisy pictures of 256 x 192 px with their captions, as files and as open_clip's CSV."""
    rng, texts = np.random.default_rng(0), captions(n)
    lines = ["filepath\ttitle"]
    for i, text in enumerate(texts):
        low = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(low).resize((256, 192), Image.Resampling.BICUBIC).save(folder / f"{i:05d}.jpg", quality=90)
        lines.append(f"{folder / f'{i:05d}.jpg'}\t{text}")
    (folder / "pairs.csv").write_text("\n".join(lines) + "\n")
    return texts


def end_to_end(dtype: torch.dtype, pairs: int, workers: int) -> dict:
    """Seconds for one pass over 2,048 JPEG files, from opening the set to the last update."""
    n = 8 * BATCH
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        texts = jpegs(folder, n)
        mine, other = (lambda: _ours_from_files(folder, texts, dtype)), (lambda: _theirs(folder, dtype, workers))
        a, b = [], []
        for pair in range(pairs):
            for which in (0, 1) if pair % 2 == 0 else (1, 0):
                (a if which == 0 else b).append((mine, other)[which]())
    return _row(f"files {str(dtype).removeprefix('torch.')}", [s / 8 for s in a], [s / 8 for s in b], None, dtype)


def _ours_from_files(folder: Path, texts: list[str], dtype: torch.dtype) -> float:
    from sightline.data.augment import Augment, caption_views
    from sightline.data.feed.caption_choice import first
    from sightline.data.feed.loader import Loader
    from sightline.data.sources.source import open_source
    from sightline.text.tokenizer import Tokenizer

    tokenizer = Tokenizer.train(texts, vocab=VOCAB, length=LENGTH)
    _, step = ours(dtype)
    views = Augment(caption_views(SIZE), size=SIZE)
    began = time.perf_counter()
    source = open_source(f"{folder}/pairs.csv")
    loader = Loader(source, batch=BATCH, seed=0, size=SIZE, caption=first, tokenize=tokenizer)
    for number, batch in enumerate(loader.iterate(0, 8)):
        tokens = batch["tokens"].clone()
        tokens[tokens == tokenizer.eot] = VOCAB - 1
        step(views(batch, 0, number), tokens)
    loader.close()
    return time.perf_counter() - began


def _theirs(folder: Path, dtype: torch.dtype, workers: int) -> float:
    """open_clip's own training transform over the same files, in torch's loader with `workers` processes."""
    import open_clip
    from torch.utils.data import DataLoader, Dataset

    transform = open_clip.image_transform(SIZE, is_train=True)
    tokenize = open_clip.SimpleTokenizer(context_length=LENGTH)

    class Pairs(Dataset):
        def __init__(self) -> None:
            rows = (folder / "pairs.csv").read_text().splitlines()[1:]
            self.rows = [row.split("\t") for row in rows]

        def __len__(self) -> int:
            return len(self.rows)

        def __getitem__(self, index: int):
            path, text = self.rows[index]
            return transform(Image.open(path)), tokenize([text])[0] % (VOCAB - 1)

    _, step = theirs(dtype)
    began = time.perf_counter()
    for images, tokens in DataLoader(Pairs(), batch_size=BATCH, shuffle=True, num_workers=workers, drop_last=True):
        step(images, tokens)
    return time.perf_counter() - began


def _row(name: str, a: list[float], b: list[float], work: tuple[float, float] | None, dtype: torch.dtype) -> dict:
    ratios = [other / mine for mine, other in zip(a, b, strict=True)]
    row = {
        "case": name,
        "ours_ms": round(1e3 * statistics.median(a)),
        "open_clip_ms": round(1e3 * statistics.median(b)),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(r, 3) for r in ratios],
        "images_per_second": round(BATCH / statistics.median(a)),
    }
    if work is not None:
        row["share_of_peak"] = round(work[0] / statistics.median(a) / peak(dtype), 3)
        row["open_clip_share_of_peak"] = round(work[1] / statistics.median(b) / peak(dtype), 3)
    print(json.dumps(row), flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 2], help="of open_clip's loader; the best counts")
    options = parser.parse_args()
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads(), "batch": BATCH}))
    for dtype in (torch.bfloat16, torch.float32):
        step_alone(dtype, options.pairs, options.steps)
    for workers in options.workers:
        print(f"open_clip's loader with {workers} workers:")
        end_to_end(torch.bfloat16, options.pairs, workers)


if __name__ == "__main__":
    main()

r"""The text tower of builtin:icons: a small BERT that learns the vectors of a sentence encoder, before it sees an icon.

    python tools/icons_encoder/words.py lexicon/ raw/sentence runs/words
    sightline train clip.iconify --init text=runs/words ...

    L = mean_i (1 - s_i . t_i)  +  RELATIONS mean_ij (s_i . s_j - t_i . t_j)^2

s the unit vectors of the student, through a matrix that is left behind, t those of the teacher, over batches of texts
of equal length. An epoch is every short text (names, tags, WordNet's lemmas) and a fifth of the long ones (glosses).
The student reads the teacher's own word pieces, those that occur, and starts from the principal directions of the
teacher's table. `vectors.npy` and `state.safetensors` in the run folder let a stopped call go on.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

import sightline
from sightline.data.atomic import atomic_write
from sightline.protocols import Kept
from sightline.text.published import PublishedTokenizer
from sightline.text.word_pieces import sentence
from sightline.towers.spec import BertTextSpec
from sightline.train.optim.schedule import WarmupCosine
from sightline.weights.run_folder.run import save

LENGTH = 32
"""tokens of a text; longer ones are cut"""
BATCH, RATE, RELATIONS, SHARE = 512, 1e-3, 2.0, 5
"""texts a step; learning rate; weight of the second term; one part in SHARE of the long texts an epoch"""
HELD = 2000
"""short texts kept aside, to see how near unseen words come"""
EVERY = 200
"""steps between two lines, and two states on disk"""
LETTERS = 0x250
"""pieces of one letter below it are kept whether they occur or not: any Latin word can be spelled"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lexicon", type=Path, help="what lexicon.py wrote")
    parser.add_argument("teacher", type=Path, help="a folder of sentence-transformers")
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    options.out.mkdir(parents=True, exist_ok=True)
    told = json.loads((options.lexicon / "texts.json").read_text(encoding="utf-8"))
    texts = [*told["short"], *told["long"]]
    teacher: Any = sightline.load(f"local-dir:{options.teacher}")
    vectors = teacher_vectors(teacher, texts, options.out / "vectors.npy")
    tokenizer, kept = fewer_pieces(options.teacher / "tokenizer.json", texts)
    ids = tokenizer(texts)
    spec = BertTextSpec(
        vocab=tokenizer.vocab, length=LENGTH, dim=256, depth=2, heads=4, mlp=1024, embed=128, pad=tokenizer.pad
    )
    student = Student(spec.build(), vectors.shape[1])
    start_table(student.text.embed, teacher.model.text.embed.weight.detach()[kept])
    learn(student, Lexicon(ids, vectors, len(told["short"]), tokenizer.pad), options.steps, options.out)
    save(
        options.out,
        Kept(parts={"text": student.text}, capabilities=("reads_text",)),
        specs={"text": spec},
        preprocess=None,
        tokenizer=tokenizer,
        dim=spec.dim,
    )
    print(f"{options.out}: {sum(x.numel() for x in student.text.parameters()) / 1e6:.1f} M")


class Student(nn.Module):
    """The tower, and the way from its vectors to the teacher's."""

    def __init__(self, text: Any, width: int) -> None:
        super().__init__()
        self.text, self.head = text, nn.Linear(text.dim, width)

    def forward(self, ids: Tensor) -> Tensor:
        """Unit vectors (b, width)."""
        return F.normalize(self.head(self.text(ids)), dim=1)


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Token ids (n, LENGTH) and unit vectors (n, width) of the texts, the short ones first."""

    ids: np.ndarray
    vectors: np.ndarray
    short: int
    pad: int

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the short texts that are learnt from, and of those that are held aside."""
        order = np.random.default_rng(0).permutation(self.short)
        return np.sort(order[HELD:]), np.sort(order[:HELD])

    def batches(self, first: int) -> Iterator[np.ndarray]:
        """Numbers of the texts of each step from `first` on, of nearly equal length; without end."""
        learnt, _ = self.split()
        long, lengths = np.arange(self.short, len(self.ids)), (self.ids != self.pad).sum(1)
        step, epoch = 0, 0
        while True:
            rng = np.random.default_rng(1000 + epoch)
            every = rng.permutation(np.concatenate([learnt, rng.permutation(long)[: len(long) // SHARE]]))
            every = every[np.argsort(lengths[every], kind="stable")]
            cuts = [every[at : at + BATCH] for at in range(0, len(every), BATCH)]
            for number in rng.permutation(len(cuts)):
                if step >= first:
                    yield cuts[number]
                step += 1
            epoch += 1


def learn(student: Student, lexicon: Lexicon, steps: int, out: Path) -> None:
    """Trains for `steps`, from where `out`/state.safetensors stands."""
    optimiser = torch.optim.AdamW(student.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
    rate, state = WarmupCosine(warmup=steps // 20), out / "state.safetensors"
    first = resumed(student, optimiser, state) if state.exists() else 0
    _, held = lexicon.split()
    began = time.monotonic()
    for step, chosen in zip(range(first, steps), lexicon.batches(first), strict=False):
        for group in optimiser.param_groups:
            group["lr"] = RATE * rate.factor(step, steps)
        target = torch.from_numpy(lexicon.vectors[chosen]).float()
        made = student(torch.from_numpy(lexicon.ids[chosen]))
        apart, related = 1 - (made * target).sum(1).mean(), (made @ made.T - target @ target.T).square().mean()
        optimiser.zero_grad()
        (apart + RELATIONS * related).backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimiser.step()
        if (step + 1) % EVERY == 0 or step + 1 == steps:
            with torch.inference_mode():
                seen = (student(torch.from_numpy(lexicon.ids[held])) * torch.from_numpy(lexicon.vectors[held])).sum(1)
            took = time.monotonic() - began
            print(f"{step + 1} of {steps}: 1 - cosine {apart:.4f}; of unseen words {1 - seen.mean():.4f}; {took:.0f} s")
            keep(student, optimiser, step + 1, state)


def keep(student: Student, optimiser: torch.optim.Optimizer, step: int, file: Path) -> None:
    moments = {
        f"{kind}.{name}": optimiser.state[x][kind]
        for name, x in student.named_parameters()
        for kind in ("exp_avg", "exp_avg_sq")
        if x in optimiser.state
    }
    with atomic_write(file) as [temporary]:
        save_file({**student.state_dict(), **moments, "step": torch.tensor(step)}, temporary)


def resumed(student: Student, optimiser: torch.optim.Optimizer, file: Path) -> int:
    """The step to go on with, weights and moments being filled."""
    kept = load_file(file)
    step = int(kept.pop("step"))
    student.load_state_dict({name: kept[name] for name in student.state_dict()})
    for name, x in student.named_parameters():
        moments = {kind: kept[f"{kind}.{name}"] for kind in ("exp_avg", "exp_avg_sq") if f"{kind}.{name}" in kept}
        if moments:
            optimiser.state[x] = {"step": torch.tensor(float(step)), **moments}
    return step


def teacher_vectors(teacher: Any, texts: list[str], file: Path) -> np.ndarray:
    """Unit vectors (n, width) float16 of the teacher, kept in `file`; a file of other texts is made anew."""
    if file.exists() and len(kept := np.load(file, mmap_mode="r")) == len(texts):
        return kept
    order = np.argsort([len(text) for text in texts], kind="stable")  # of like length: little padding
    made = np.zeros((len(texts), teacher.dim), np.float16)
    for at in range(0, len(order), 4096):
        chosen = order[at : at + 4096]
        made[chosen] = teacher.encode_text([texts[i] for i in chosen], normalize=True).numpy()
        print(f"teacher: {at + len(chosen):,} of {len(texts):,}", flush=True)
    with atomic_write(file) as [temporary]:
        with temporary.open("wb") as opened:
            np.save(opened, made)
    return made


def fewer_pieces(file: Path, texts: list[str]) -> tuple[PublishedTokenizer, list[int]]:
    """The teacher's tokenizer with those of its pieces that the texts use, the special ones, and single letters; and
    their numbers with the teacher."""
    whole = json.loads(file.read_text(encoding="utf-8"))
    inner = Tokenizer.from_str(json.dumps(whole))
    inner.no_padding()
    inner.enable_truncation(LENGTH)
    vocab: dict[str, int] = whole["model"]["vocab"]
    used = {i for row in inner.encode_batch_fast(texts) for i in row.ids}
    used |= {token["id"] for token in whole["added_tokens"]}
    used |= {i for piece, i in vocab.items() if len(one := piece.removeprefix("##")) == 1 and ord(one) < LETTERS}
    kept = sorted(used)
    place = {old: new for new, old in enumerate(kept)}
    whole["model"]["vocab"] = {piece: place[i] for piece, i in vocab.items() if i in place}
    for token in whole["added_tokens"]:
        token["id"] = place[token["id"]]
    for special in whole["post_processor"]["special_tokens"].values():
        special["ids"] = [place[i] for i in special["ids"]]
    whole["padding"] = whole["truncation"] = None
    return sentence(Tokenizer.from_str(json.dumps(whole)), length=LENGTH, pad="[PAD]"), kept


def start_table(table: nn.Embedding, theirs: Tensor) -> None:
    """The student's table as the first principal directions of the teacher's rows (vocab, width), in BERT's usual
    size."""
    rows = theirs.float() - theirs.float().mean(0)
    _, _, directions = torch.linalg.svd(rows, full_matrices=False)
    made = rows @ directions[: table.embedding_dim].T
    with torch.no_grad():
        table.weight.copy_(made * (0.05 / made.std()))


if __name__ == "__main__":
    main()

"""`sightline train`."""

import inspect
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from shlex import quote
from typing import Literal


def train(
    recipe: str,
    /,
    *overrides: str,
    out: Path,
    data: str | None = None,
    eval: str | None = None,
    init: list[str] | None = None,
    lock: Literal["none", "image", "text", "both"] = "none",
    device: str = "auto",
    workers: int = 0,
    memory: Literal["auto", "always", "never"] = "auto",
    fresh: bool = False,
    dry_run: bool = False,
    compile: bool = False,
    shard: bool = False,
    tensorboard: bool = False,
    no_export: bool = False,
    quiet: bool = False,
    log_every: int = 10,
    save_every: float = 60.0,
) -> None:
    """Train a recipe on your pictures; the same command goes on where it stopped.

    A run that is stopped (Ctrl-C, SIGTERM) keeps a checkpoint and its encoder, and ends with exit code 130.

    Examples:
      sightline train clip.icons --out runs/icons
      sightline train clip --data my-icons/ --out runs/mine steps=3000 optim.lr=5e-4
      sightline train clip.small --data "scenes?level=1" --eval "scenes:test?level=1&n=1000" --out runs/scenes
      sightline train clip --init hf-hub:openai/clip-vit-base-patch32 --lock image --data mine/ --out runs/mine
      sightline train clip --init text=hf-hub:BAAI/bge-small-en-v1.5 --lock text --data mine/ --out runs/words
      sightline train clip.b32 --data "shards/{000..127}.tar" --out runs/b32 --dry-run
      torchrun --nproc-per-node 8 -m sightline train clip.b16 --data "shards/{000..127}.tar" --out runs/b16

    Parameters
    ----------
    recipe
        A name of `sightline recipes`: `clip.icons`, or `clip` for `clip.small`.
    overrides
        Changed settings as key.path=value, for instance `optim.lr=3e-4 batch=512`.
    out
        The run folder.
    data
        SRC to train on; without it the recipe's own.
    eval
        SRC to measure on while training; without it 5 % of the data is held out.
    init
        An encoder to start from: its towers, projections, preprocessing and tokenizer instead of the recipe's.
        image=NAME or text=NAME takes that tower alone; give both to join two encoders.
    lock
        Towers of that encoder that stay as they are: image, text or both.
    device
        auto, cpu, cuda or mps.
    workers
        Decoding processes, for sets too large for memory.
    memory
        Whether pictures are decoded once and kept; auto: while they take under a quarter of the free memory.
    fresh
        Start over: remove what an earlier run left in the folder.
    dry_run
        Print parameters, memory, FLOPs a step and the hours the run will take, and stop.
    compile
        Compile each block; worth it for runs of more than ten minutes.
    shard
        Under torchrun: FSDP2 instead of DDP.
    tensorboard
        Also write TensorBoard files into the run folder.
    no_export
        Do not keep the finished towers as ONNX: some seconds and their size saved; search then needs torch.
    quiet
        Print nothing but errors and the result.
    log_every
        Steps between lines of metrics.jsonl.
    save_every
        Seconds between checkpoints.
    """
    from sightline.recipes.catalogue import named

    named(recipe)  # a name that is none is said before torch is imported, which takes seconds

    from sightline.recipes.find import train as run

    done = run(
        recipe,
        out=out,
        data=data,
        evaluation=eval,
        overrides=overrides,
        init=init,
        lock=lock,
        device=device,
        workers=workers,
        memory=memory,
        fresh=fresh,
        dry_run=dry_run,
        compile=compile,
        shard=shard,
        tensorboard=tensorboard,
        export=not no_export,
        quiet=quiet,
        log_every=log_every,
        save_every=save_every,
    )
    if not done.finished and not dry_run:
        raise KeyboardInterrupt  # what comes after it in a script must not begin
    if done.finished and done.lead:
        from sightline.train.evaluate.score import formatted

        scores = formatted(done.scores)
        if done.already:
            print(f"{out}: finished before, at step {done.steps}  {scores}")
            return
        print(f"{out}: {done.steps} steps in {done.seconds:.0f} s, {done.images_per_second:.0f} images/s  {scores}")
        if not quiet:
            from sightline.runtime.description import read_description, run_folder

            able = read_description(run_folder(out))["capabilities"]
            print("Go on with", *(f"  {command}" for command in next_commands(recipe, out, data, able)), sep="\n")


def next_commands(recipe: str, out: Path, data: str | None, capabilities: Sequence[str]) -> list[str]:
    """What is done with a finished run that can do `capabilities`: its pictures made searchable and searched, by words
    where it reads them; of one that embeds nothing, the line of Python that opens it."""
    if "embeds" not in capabilities:
        return [f"python -c 'import sightline; print(sightline.load({str(out)!r}).capabilities)'"]
    from sightline.recipes.find import find

    made = find(recipe)
    db, source = out / "index.db", made.data.source if data is None else data
    asked = '"a few words"' if "reads_text" in capabilities else "--image PICTURE"
    return [
        f"sightline index {quote(str(db))} {quote(source)} --encoder {quote(str(out))}",
        f"sightline search {quote(str(db))} {asked}  # or: sightline serve {quote(str(db))}",
    ]


def settings_meant(words: Sequence[str]) -> str:
    """The answer to `sightline train` with settings written as options: `--batch 32` is `batch=32`. "" where the words
    hold no such thing."""
    options = {name.replace("_", "-") for name in inspect.signature(train).parameters} | {"help", "version"}
    given = list(words[1:])
    recipe, told = next(filter(_is_recipe, given), "clip"), []
    for at, word in enumerate(given):
        name, equals, value = word.removeprefix("--").partition("=")
        if word in ("-", "--") or not word.startswith("--") or name in options or name.removeprefix("no-") in options:
            continue
        if get_close_matches(name, options, n=1, cutoff=0.75):
            continue  # a slip of the pen in an option, which the general answer names
        if not equals:
            value = next((after for after in given[at + 1 : at + 2] if not after.startswith("--")), "VALUE")
        from sightline.recipes.find import find
        from sightline.train.recipe.nearest import nearest

        told += [f"{setting}={value}" for setting in nearest(find(recipe), name)[:1]]
    return f"settings are words without dashes: write {' '.join(told)}." if told else ""


def _is_recipe(word: str) -> bool:
    from sightline.recipes.catalogue import named

    try:
        named(word)
    except ValueError:
        return False
    return True

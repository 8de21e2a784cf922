"""What sentence-transformers writes beside a BERT: modules.json with the pooling, lengths, prompts.

`modules.json` lists steps: a transformer, a pooling, often a normalisation. Older folders keep the transformer's own
files in a folder below, `0_Transformer`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightline.towers.spec import FirstToken, MeanToken
from sightline.weights.published.files import read_list, read_object

MODULES = "modules.json"
LEGACY = "pooling_mode_"
POOLS: dict[str, MeanToken | FirstToken] = {"mean": MeanToken(), "cls": FirstToken()}
"""sentence-transformers' names of the poolings that towers of ours have"""
ENDLESS = 10**6
"""a `model_max_length` above it is transformers' word for "unknown" """


def transformer_folder(folder: Path) -> Path:
    """Where the transformer's own config and weights lie: `folder` itself, or the folder below that its modules.json
    names first."""
    path = folder / MODULES
    if not path.is_file() or (folder / "config.json").is_file():
        return folder
    first = next(iter(_modules(folder)), {})
    return folder / str(first.get("path", ""))


def modules(folder: Path) -> list[dict[str, Any]]:
    """The steps of the modules.json in `folder`, or in the one above that names it: `kind` and what the config of each
    says. [] where there is none. ValueError for a file that is cut."""
    root = folder if (folder / MODULES).is_file() else folder.parent
    steps = _modules(root) if (root / MODULES).is_file() else []
    places = [root / str(step.get("path", "")) for step in steps]
    if folder.resolve() not in [place.resolve() for place in places]:
        return []
    found = []
    for place, step in zip(places, steps, strict=True):
        kind = str(step.get("type", "")).rpartition(".")[2]
        file = place / "config.json"
        # the transformer's own config is the one that is read already
        found.append({"kind": kind} | (read_object(file) if kind != "Transformer" and file.is_file() else {}))
    return found


def pooling(steps: list[dict[str, Any]]) -> MeanToken | FirstToken:
    """The pooling of these steps, the mean where there are none. ValueError for steps and poolings that towers of ours
    have not.

    A last Normalize is what `encode_text(normalize=True)` does, and is left to it.
    """
    kinds = [step["kind"] for step in steps]
    if strange := [kind for kind in kinds if kind not in ("Transformer", "Pooling", "Normalize")]:
        raise ValueError(
            f"{MODULES} has a step {strange[0]}; towers of ours have a Transformer, a Pooling and a Normalize alone"
        )
    chosen = [step for step in steps if step["kind"] == "Pooling"]
    if not chosen:
        return MeanToken()
    modes = _modes(chosen[0])
    if len(chosen) > 1 or len(modes) != 1 or modes[0] not in POOLS:
        raise ValueError(f"texts are pooled by {' and '.join(modes)}; towers of ours pool by one of {', '.join(POOLS)}")
    if chosen[0].get("include_prompt") is False:
        raise ValueError("the pooling leaves the words of a prompt out (include_prompt: false), which ours cannot")
    return POOLS[modes[0]]


def length(folder: Path, positions: int) -> int:
    """Tokens a text is cut to: what sentence-transformers or the tokenizer says, at most the positions there are."""
    asked = [_said(folder, "sentence_bert_config.json").get("max_seq_length")]
    asked += [_said(folder, "tokenizer_config.json").get("model_max_length")]
    given = [int(value) for value in asked if isinstance(value, int | float) and 0 < value < ENDLESS]
    return min(given[0], positions) if given else positions


def lowers(folder: Path) -> bool:
    """Whether texts become lower case before the tokenizer's own rules."""
    return bool(_said(folder, "sentence_bert_config.json").get("do_lower_case"))


def prompt(folder: Path) -> str:
    """The words that stand before every text: those of `default_prompt_name`, "" where no prompt is the default.

    Other prompts of the file are a caller's to write before the text. ValueError for a default that is not there.
    """
    root = folder if (folder / MODULES).is_file() else folder.parent
    said = _said(root, "config_sentence_transformers.json")
    name, known = said.get("default_prompt_name"), said.get("prompts")
    known = known if isinstance(known, Mapping) else {}
    if name is None:
        return ""
    if not isinstance(known.get(name), str):
        raise ValueError(
            f"{root / 'config_sentence_transformers.json'}: default_prompt_name is {name!r}, and prompts are "
            f"{', '.join(map(str, known)) or 'none'}"
        )
    return known[name]


def _modes(step: Mapping[str, Any]) -> list[str]:
    given = step.get("pooling_mode")
    if given is None:
        given = [name.removeprefix(LEGACY) for name, on in step.items() if name.startswith(LEGACY) and on is True]
        given = [name.removesuffix("_tokens").removesuffix("_token") for name in given] or ["mean"]
    return [given] if isinstance(given, str) else [str(mode) for mode in given]


def _modules(root: Path) -> list[dict[str, Any]]:
    steps = read_list(root / MODULES)
    if not steps or not all(isinstance(step, dict) for step in steps):
        raise ValueError(f"{root / MODULES} lists no modules; download it again")
    return steps


def _said(folder: Path, name: str) -> dict[str, Any]:
    return read_object(folder / name) if (folder / name).is_file() else {}

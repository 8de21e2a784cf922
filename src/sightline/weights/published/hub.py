"""Published folders from the Hugging Face hub: only the files that are read, kept in its cache for next time."""

import sys
from contextlib import redirect_stderr
from pathlib import Path

from sightline.data.terminal import raw

SMALL = ("*.json", "*.txt", "*.model")
"""configs and vocabularies"""
WEIGHTS = ("model*.safetensors", "open_clip_model.safetensors", "pytorch_model*.bin", "open_clip_pytorch_model.bin")
"""weights by preference: the first of these that the repository has is fetched, and nothing else"""


def download(repository: str) -> Path:
    """The folder of `ORG/NAME`, or of `ORG/NAME@REVISION`; a repository without weights gives its vocabulary.

    What was fetched before is used where the hub cannot be reached. Raises ValueError saying how to do without it.
    """
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    name, _, revision = repository.partition("@")
    if name.count("/") != 1:
        raise ValueError(f"hf-hub:{repository}: expected hf-hub:ORG/NAME, such as hf-hub:openai/clip-vit-base-patch32")

    def fetch(patterns: list[str]) -> Path:
        with redirect_stderr(raw(sys.stderr)):  # its progress bar goes back to the start of its line
            return Path(huggingface_hub.snapshot_download(name, revision=revision or None, allow_patterns=patterns))

    try:
        folder = fetch(list(SMALL))
        for pattern in WEIGHTS:
            folder = fetch([pattern])
            if any(folder.glob(pattern)):
                break
        return folder
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise ValueError(
            f"hf-hub:{repository} is not in the cache of this machine and the hub cannot be reached ({error}). "
            "Download the folder elsewhere and name it: local-dir:PATH"
        ) from error
    except (HfHubHTTPError, HFValidationError) as error:
        raise ValueError(f"hf-hub:{repository} cannot be fetched: {error}") from error

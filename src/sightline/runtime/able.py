"""What an encoder's face can do, by name: a verb for each capability, and the refusal of those it lacks.

The same in torch and in the runtime. What a verb takes is said where its capability is done
(`sightline.weights.capabilities`).
"""

from collections.abc import Callable, Iterable
from typing import Any

from sightline.protocols import CAPABILITIES

VERBS: dict[str, str] = dict(
    zip(
        CAPABILITIES,
        (
            "encode_image",
            "encode_text",
            "caption",
            "locate",
            "sample",
            "complete",
            "detect",
            "segment",
            "answer",
            "translate",
            "classify",
        ),
        strict=True,
    )
)
"""capability -> the face's first verb of it"""


class Able:
    """A face with all verbs; `_does` finds how one is done, or refuses it."""

    name: str
    capabilities: tuple[str, ...]

    def _does(self, capability: str) -> Callable[..., Any]:
        raise ValueError(refusal(self.name, capability, self.capabilities))

    def caption(self, images: Any, **options: Any) -> Any:
        """A text for each picture."""
        return self._does("captions")(images, **options)

    def locate(self, images: Any, texts: Any, **options: Any) -> Any:
        """Where in each picture its text is."""
        return self._does("locates")(images, texts, **options)

    def sample(self, *given: Any, **options: Any) -> Any:
        """New pictures or texts."""
        return self._does("samples")(*given, **options)

    def complete(self, *given: Any, **options: Any) -> Any:
        """The rest of pictures or texts of which a part is given."""
        return self._does("completes")(*given, **options)

    def detect(self, images: Any, **options: Any) -> Any:
        """The objects of each picture."""
        return self._does("detects")(images, **options)

    def segment(self, images: Any, *prompts: Any, **options: Any) -> Any:
        """The masks of each picture."""
        return self._does("segments")(images, *prompts, **options)

    def answer(self, images: Any, questions: Any, **options: Any) -> Any:
        """An answer to each picture's question."""
        return self._does("answers")(images, questions, **options)

    def translate(self, texts: Any, **options: Any) -> Any:
        """Each text in the other language."""
        return self._does("translates")(texts, **options)

    def classify(self, images: Any, **options: Any) -> Any:
        """The likeliest classes of each picture, of those it was trained on."""
        return self._does("classifies")(images, **options)


def can(capabilities: Iterable[str]) -> str:
    """Capabilities in words: "embeds, captions and reads text"."""
    words = [name.replace("_", " ") for name in capabilities]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words) or "can do nothing by itself"


def refusal(name: str, capability: str, capabilities: Iterable[str]) -> str:
    """What is said to one who asks for what the parts of `name` cannot do."""
    verb = {"embeds": "embed pictures", "reads_text": "embed texts"}.get(capability, VERBS[capability])
    return f"{name} cannot {verb}: it {can(capabilities)}. Load a run whose recipe keeps the parts for it"

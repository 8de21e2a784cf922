"""Two domains as one source: pictures with labels, and pictures of other looks whose labels nobody has.

Domain adaptation (the same task, p_S(x) != p_T(x)) learns from both. Positions of training alternate between them
(`feed/in_turn.py`), so that every batch is half of one and half of the other however large they are.
"""

from dataclasses import replace

from sightline.data.sample import Sample, Source, words

SOURCE, TARGET = 0, 1
"""what the batch key `domain` says"""


class Domains:
    """The samples of `labelled`, then those of `target` without their labels; `extra["domain"]` tells which.

    Pictures, labels and names are all that is left of either: a caption, mask or box of the target may say its class.
    """

    def __init__(self, labelled: Source, target: Source, name: str = "") -> None:
        """ValueError where the first has no labels, or either no picture."""
        if "label" not in labelled.has:
            raise ValueError(
                f"{labelled.name} has no labels to learn from (it has {', '.join(sorted(labelled.has))}): domains(SRC, "
                "SRC) takes the set with labels first, then the one without"
            )
        for part in (labelled, target):
            if not len(part):
                raise ValueError(f"{part.name} holds no picture, and domains(SRC, SRC) learns from two sets of them")
        self.labelled, self.target = labelled, target
        self.name = name or f"domains({labelled.name}, {target.name})"
        self.has = frozenset({"image", "label", "domain"})
        self.classes: tuple[str, ...] = labelled.classes
        parts = (labelled, target)
        self.notes = tuple(f"{part.name}: {note}" for part in parts for note in getattr(part, "notes", ()))
        self.unread = tuple(path for part in parts for path in getattr(part, "unread", ()))
        told = [getattr(part, "fingerprint", "") for part in parts]
        self.fingerprint = "::".join(told) if any(told) else ""

    def __len__(self) -> int:
        return len(self.labelled) + len(self.target)

    def __getitem__(self, index: int) -> Sample:
        domain, place = self._place(index)
        return _bare((self.labelled, self.target)[domain][place], domain)

    def words(self, index: int) -> Sample:
        domain, place = self._place(index)
        return _bare(words((self.labelled, self.target)[domain], place), domain)

    def _place(self, index: int) -> tuple[int, int]:
        """The domain, and the place in its source."""
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        first = len(self.labelled)
        return (SOURCE, index) if index < first else (TARGET, index - first)


def _bare(sample: Sample, domain: int) -> Sample:
    label = sample.label if domain == SOURCE else None
    key = f"{('source', 'target')[domain]}/{sample.key}"
    return replace(Sample(key=key, image=sample.image, name=sample.name), label=label, extra={"domain": domain})

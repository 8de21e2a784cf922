"""The parts of a system by name: `Parts(image=ViTSpec(...), text=BagSpec(...), decoder=...)`.

What parts there are is the recipe's affair: two towers, one tower and a decoder, a codec alone. Each is a spec
(`sightline.towers.spec`): numbers that go to JSON and back, and `build()`.
"""

from collections.abc import Iterator, Mapping
from typing import Any


class Parts(Mapping[str, Any]):
    """Specs by name, frozen; `parts.image` is `parts["image"]`, and `parts | Parts(image=...)` has another image."""

    __slots__ = ("_specs",)
    _specs: dict[str, Any]

    def __init__(self, **specs: Any) -> None:
        object.__setattr__(self, "_specs", specs)

    def __getitem__(self, name: str) -> Any:
        return self._specs[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._specs[name]
        except KeyError:
            raise AttributeError(f"there is no part {name!r}; there are {', '.join(self) or 'none'}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"parts are frozen; make others: parts | Parts({name}=...)")

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def __or__(self, other: Mapping[str, Any]) -> "Parts":
        return Parts(**{**self._specs, **other})

    def __hash__(self) -> int:
        return hash(tuple(self._specs.items()))

    def __reduce__(self) -> Any:
        return _made, (self._specs,)

    def __repr__(self) -> str:
        return f"Parts({', '.join(f'{name}={spec!r}' for name, spec in self.items())})"


def _made(specs: dict[str, Any]) -> Parts:
    return Parts(**specs)

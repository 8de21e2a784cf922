"""How a run is carried out, and what it reports back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sightline.train.budget import Budget


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a run is carried out; nothing here changes what it learns."""

    device: str = "auto"
    workers: int = 0
    """decoding processes for sets too large for memory"""
    memory: Literal["auto", "always", "never"] = "auto"
    """whether the pictures are decoded once and kept; auto: while they take under a quarter of the free memory"""
    fresh: bool = False
    dry_run: bool = False
    quiet: bool = False
    compile: bool = False
    """compile each block; pays back after some minutes"""
    shard: bool = False
    """FSDP2 instead of DDP under torchrun"""
    tensorboard: bool = False
    export: bool = True
    """whether the finished run gets its `onnx/`, to be searched without torch; some seconds, and its size again"""
    log_every: int = 10
    save_every: float = 60.0
    """seconds between checkpoints; 0 saves after every step"""


@dataclass
class Summary:
    """What `fit` did."""

    folder: Path
    steps: int
    seconds: float
    images_per_second: float
    scores: dict[str, float] = field(default_factory=dict)
    finished: bool = True
    already: bool = False
    """whether an earlier call had finished it, so that nothing was left to do"""
    lead: bool = True
    """whether this process is the one that reports"""
    bad: dict[str, str] = field(default_factory=dict)
    budget: Budget | None = None

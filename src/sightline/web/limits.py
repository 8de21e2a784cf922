"""What one visitor may take of the server: time, memory and places, so that there is some left for the others."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds, bytes and numbers. Nobody needs to set them; tests make them small."""

    head: float = 10.0
    """seconds for a request's head, from the opening of the connection or from its first byte"""
    idle: float = 10.0
    """seconds in which something of a body must come, or of an answer must be taken"""
    rate: int = 32 * 2**10
    """bytes a second of a body or an answer, on average after the first `idle` seconds"""
    keep: float = 30.0
    """seconds that a connection without a request is kept"""
    connections: int = 200
    """at once; the one that waits longest for its next request makes room for a new one"""
    upload: int = 32 * 2**20
    """bytes of one picture to search by"""
    held: int = 128 * 2**20
    """bytes of all such pictures at once, until they are answered"""
    decoders: int = 2
    """such pictures that are decoded at once"""
    waiting: int = 32
    """such pictures that wait to be decoded"""
    selections: int = 4
    """selections of pictures that are sent at once"""
    selected: int = 100_000
    """pictures of one selection"""
    grace: float = 1.0
    """seconds for answers under way when the server ends"""

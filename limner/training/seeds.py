"""Keyed random seeds: what is drawn depends on what it is for, never on what was drawn before."""

from hashlib import blake2b


def seed_for(*key: int | str) -> int:
    """A seed in 0..2**63-1 for one use of random numbers, such as (run's seed, "turn", step, rank, turn)."""
    digest = blake2b(repr(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1

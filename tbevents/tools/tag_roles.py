"""What the name of a tag or a run says: a loss, a learning rate, whether it is of training or of held-out data."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias

Role: TypeAlias = Literal["train", "held out"]

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

_LOSSES: Final = frozenset(
    ("loss", "losses", "logloss", "nll", "perplexity", "ppl", "rmse", "mse", "mae", "bce", "crossentropy")
)
_NO_TARGETS: Final = frozenset(
    # Losses of reinforcement learning and of adversaries: they do not fall when all is well.
    ("policy", "value", "actor", "critic", "entropy", "ent", "alpha", "temperature", "curiosity", "q", "qf", "vf", "pg")
)
_ADVERSARIES: Final = frozenset(("gan", "adv", "adversarial", "discriminator", "disc", "d", "generator", "gen", "g"))
_BESIDE: Final = frozenset(
    # What belongs to a loss and is none; and the divergence of a VAE, which grows while it learns.
    ("scale", "scaler", "weight", "weights", "coef", "grad", "gradient", "norm", "lr", "rate", "std", "var", "count")
) | {"kl", "kld"}
_OTHERWISE: Final = _NO_TARGETS | _ADVERSARIES | _BESIDE
_TRAIN: Final = frozenset(("train", "training"))
_HELD_OUT: Final = frozenset(("val", "valid", "validation", "eval", "evaluation", "test", "dev", "holdout"))


_RATE: Final = re.compile(r"(?:lr|learning[ _-]?rate)(?:[-_ ].*)?|.*[-_ ](?:lr|learning[ _-]?rate)", re.IGNORECASE)
"""A part of a tag that says learning rate: ``lr``, ``learning_rate``, ``lr-Adam`` (Lightning's), ``base_lr`` ..."""

_BESIDE_RATES: Final = frozenset(("metric", "momentum", "bad_epochs", "cooldown"))
"""Names below the tag of a rate that are not rates, though a scheduler logs them; so is ``lr/momentum/0``."""


@lru_cache(maxsize=4096)  # the runs of a folder have the same tags
def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(name))


def is_loss(tag: str) -> bool:
    """Returns True if a tag says that it is a loss that training minimizes: ``train/loss``, ``val_loss``, ``RMSE``."""
    words = _words(tag)
    crossed = "cross" in words and "entropy" in words
    if not crossed and _LOSSES.isdisjoint(words):
        return False
    return (_OTHERWISE - {"entropy"} if crossed else _OTHERWISE).isdisjoint(words)


def is_rate(tag: str) -> bool:
    """Returns True if a tag says that it is a learning rate: ``lr``, ``lr/0``, ``train/learning_rate``, ``lr-Adam``."""
    parts = tag.lower().split("/")
    return any(_RATE.fullmatch(part) for part in parts) and not any(
        part in _BESIDE_RATES or "momentum" in part for part in parts
    )


@lru_cache(maxsize=4096)
def role_of(name: str) -> Role | None:
    """Returns what a tag or the name of a run says of its data; None if it says nothing."""
    words = _words(name)
    if not _HELD_OUT.isdisjoint(words):
        return "held out"
    return None if _TRAIN.isdisjoint(words) else "train"


@lru_cache(maxsize=4096)
def key_of(name: str) -> str:
    """Returns a name without its role; it is the same for ``train/loss`` and ``val/loss``."""
    parts = re.split(r"[^0-9A-Za-z]+|(?<=[a-z])(?=[A-Z])", name)
    return "/".join(part.lower() for part in parts if part and part.lower() not in _TRAIN | _HELD_OUT)

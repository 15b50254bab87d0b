"""A word that is not known in, the known one out that somebody probably meant.

``difflib`` is imported when there is a mistake to explain.
"""

from __future__ import annotations

from collections.abc import Collection

NEARLY = 0.75
"""The least likeness of two names that leaves little doubt; ``object_images`` and its ``_normalized`` have less."""

__all__ = ["NEARLY", "did_you_mean", "is_nearly", "is_one_slip", "nearest"]

_NEARLY_THE_SAME = 0.85
_LONGEST = 200
"""Characters of a word; the comparison of longer ones takes long, and leads to nothing."""


def nearest(word: str, known: Collection[str], cutoff: float = 0.6) -> str | None:
    """Return the known word that is closest to a mistyped one, or None if none comes close (``cutoff``, up to 1).

    Upper and lower case, hyphens and underscores do not count: ``primary_key`` is ``primaryKey``.
    """
    from difflib import get_close_matches

    if len(word) > _LONGEST:
        return None
    bare, sought = {_bare(candidate): candidate for candidate in known}, _bare(word)
    matches = [sought] if sought in bare else get_close_matches(sought, bare, n=1, cutoff=cutoff)
    return bare[matches[0]] if matches else None


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return ``; did you mean `x`?``, or a list of the known words where none comes close."""
    found = nearest(word, known)
    if found is not None:
        return f"; did you mean `{found}`?"
    return "; known here: " + ", ".join(f"`{candidate}`" for candidate in known) if known else ""


def is_nearly(word: str, known: str) -> bool:
    """Whether a word differs from a known one by little more than a slip."""
    if min(len(word), len(known)) * 2 <= _NEARLY_THE_SAME * (len(word) + len(known)):  # the most that it could be
        return False
    from difflib import SequenceMatcher

    return SequenceMatcher(None, word, known).ratio() > _NEARLY_THE_SAME


def is_one_slip(word: str, known: str) -> bool:
    """Whether a word is a known one with one letter too many, too few or another, or with two letters swapped."""
    if len(word) == len(known):
        wrong = [position for position in range(len(word)) if word[position] != known[position]]
        swapped = len(wrong) == 2 and wrong[1] - wrong[0] == 1
        return len(wrong) == 1 or (swapped and sorted(word[wrong[0] : wrong[1] + 1]) == sorted(known[wrong[0] :][:2]))
    shorter, longer = sorted((word, known), key=len)
    return len(longer) - len(shorter) == 1 and any(
        longer[:position] + longer[position + 1 :] == shorter for position in range(len(longer))
    )


def _bare(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")

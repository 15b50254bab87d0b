"""A sample of museum objects in the shape of the museum's public API, made up and always the same.

Only ``random.Random.random()`` is used: Python promises its sequence for a given seed in every version, and makes no
such promise for ``choice`` or ``sample``. Makers are workshops and cultures, links lead to ``example.org``: nothing in
here is, or looks like, a record of the museum.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from seed.vocabulary import CREDITS, EGYPTIAN_ART, KINDS, SUBJECTS, TAGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seed.vocabulary import Kind

__all__ = ["DEFAULT_COUNT", "DEFAULT_SEED", "make_objects", "render", "sample"]

DEFAULT_COUNT = 3000
DEFAULT_SEED = 7

IMAGES = "https://images.example.org"
PAGES = "https://www.example.org/art/collection/search"
THESAURUS = "https://vocabulary.example.org/aat"
EARLIEST_UPDATE = datetime(2019, 1, 1, tzinfo=UTC)
DAYS_OF_UPDATES = 2000

T = TypeVar("T")


def make_objects(count: int = DEFAULT_COUNT, seed: int = DEFAULT_SEED) -> Iterator[dict[str, Any]]:
    """Yield ``count`` objects in ascending order of ``objectID``; the same ones for the same ``seed``."""
    random = Random(seed)  # noqa: S311  (a sample, not a secret)
    object_id = 0
    for number in range(1, count + 1):
        object_id += 1 + int(random.random() * 290)
        yield _make_object(random, number, object_id)


def render(objects: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Yield the text of a JSON array with one object a line, piece by piece."""
    separator = "[\n"
    for item in objects:
        yield separator + json.dumps(item, ensure_ascii=False, separators=(",", ":"))
        separator = ",\n"
    yield "\n]\n" if separator == ",\n" else "[]\n"


@click.command(
    epilog="""\b
Examples:
  python -m seed sample > objects.json
  python -m seed sample --count 100 --output seed/data/objects.json
"""
)
@click.option("--count", type=click.IntRange(min=0), default=DEFAULT_COUNT, show_default=True, help="Objects to make.")
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True, help="Another number, another sample.")
@click.option(
    "--output", type=click.File("w", encoding="utf-8", lazy=True), default="-", help="File to write.  [default: stdout]"
)
def sample(count: int, seed: int, output: TextIO) -> None:
    """Write made-up museum objects as a JSON array in the shape of the museum's API.

    The same numbers give the same bytes, on every machine.
    """
    output.writelines(render(make_objects(count, seed)))


def _make_object(random: Random, number: int, object_id: int) -> dict[str, Any]:
    kind = _pick(random, KINDS)
    culture, period, earliest, latest = _pick(random, kind.origins)
    year = _between(random, 1871, 2024)
    name = _pick(random, kind.names)
    is_public_domain = _chance(random, 0.72)
    return {
        "objectID": object_id,
        "isHighlight": _chance(random, 0.02),
        "accessionNumber": f"{year}.{_between(random, 1, 400)}.{number}",
        "accessionYear": str(year),
        "isPublicDomain": is_public_domain,
        **_images(random, kind, number, is_public_domain),
        **_maker(random, kind, culture),
        "department": kind.department,
        "objectName": name,
        "title": f"{name} {_pick(random, SUBJECTS)}" if _chance(random, 0.6) else name,
        "culture": culture,
        "period": period,
        "dynasty": f"Dynasty {_between(random, 1, 30)}" if kind.department == EGYPTIAN_ART else "",
        "reign": "",
        "portfolio": "",
        **_dates(random, earliest, latest),
        "medium": _pick(random, kind.media),
        **_size(random, kind),
        "creditLine": f"{_pick(random, CREDITS)}, {year}",
        **dict.fromkeys(_PLACES, ""),
        "classification": kind.classification,
        "rightsAndReproduction": "",
        "linkResource": "",
        "metadataDate": _updated(random),
        "repository": "Metropolitan Museum of Art, New York, NY",
        "objectURL": f"{PAGES}/{object_id}",
        "tags": _tags(random),
        "objectWikidata_URL": "",
        "isTimelineWork": _chance(random, 0.04),
        "GalleryNumber": str(_between(random, *kind.gallery)) if _chance(random, 0.35) else "",
    }


_PLACES = (
    "geographyType",
    "city",
    "state",
    "county",
    "country",
    "region",
    "subregion",
    "locale",
    "locus",
    "excavation",
    "river",
)
"""What the API says about where an object comes from; mostly empty there, and always in the sample."""


def _images(random: Random, kind: Kind, number: int, is_public_domain: bool) -> dict[str, Any]:
    """Return the links to pictures: the museum shows none of a work that is not in the public domain."""
    stem = f"{kind.code}/original/S{number:06d}"
    has_image = is_public_domain and _chance(random, 0.9)
    more = int(random.random() * random.random() * 7) if has_image else 0
    return {
        "primaryImage": f"{IMAGES}/{stem}.jpg" if has_image else "",
        "primaryImageSmall": f"{IMAGES}/{stem.replace('original', 'web-large')}.jpg" if has_image else "",
        "additionalImages": [f"{IMAGES}/{stem}_{index}.jpg" for index in range(1, more + 1)],
    }


def _maker(random: Random, kind: Kind, culture: str) -> dict[str, Any]:
    known = _chance(random, 0.45)
    name = kind.maker if known else ""
    constituent = {
        "constituentID": 9000 + KINDS.index(kind),
        "role": "Maker",
        "name": name,
        "constituentULAN_URL": "",
        "constituentWikidata_URL": "",
        "gender": "",
    }
    return {
        "constituents": [constituent] if known else None,
        "artistRole": "Maker" if known else "",
        "artistPrefix": "",
        "artistDisplayName": name,
        "artistDisplayBio": culture if known else "",
        "artistSuffix": "",
        "artistAlphaSort": name,
        "artistNationality": culture if known else "",
        "artistBeginDate": "",
        "artistEndDate": "",
        "artistGender": "",
        "artistWikidata_URL": "",
        "artistULAN_URL": "",
    }


def _dates(random: Random, earliest: int, latest: int) -> dict[str, Any]:
    begin = _between(random, earliest, latest) or 1  # there is no year 0
    end = min(latest, begin + _between(random, 0, 60)) or 1
    return {"objectDate": _date_in_words(begin, end), "objectBeginDate": begin, "objectEndDate": end}


def _date_in_words(begin: int, end: int) -> str:
    if begin == end:
        return f"ca. {abs(begin)}{' B.C.' if begin < 0 else ''}"
    if begin < 0 <= end:
        return f"ca. {-begin} B.C.–A.D. {end}"
    return f"ca. {-begin}–{-end} B.C." if begin < 0 else f"ca. {begin}–{end}"


def _size(random: Random, kind: Kind) -> dict[str, Any]:
    smallest, largest = kind.size
    height = round(smallest + (largest - smallest) * random.random() * random.random(), 1)
    width = round(height * (0.4 + random.random()), 1)
    inches = f"{height / 2.54:.1f} x {width / 2.54:.1f} in."
    return {
        "dimensions": f"H. {inches} ({height} x {width} cm)",
        "measurements": [
            {
                "elementName": "Overall",
                "elementDescription": None,
                "elementMeasurements": {"Height": height, "Width": width},
            }
        ],
    }


def _updated(random: Random) -> str:
    """Return a moment in UTC, written as the museum does: at most two digits behind the second, then Z."""
    moment = EARLIEST_UPDATE + timedelta(days=_between(random, 0, DAYS_OF_UPDATES), seconds=_between(random, 0, 86_399))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{_between(random, 1, 99):02d}Z"


def _tags(random: Random) -> list[dict[str, str]] | None:
    """Return up to four different tags; the museum sends null where there are none."""
    first = _between(random, 0, len(TAGS) - 1)
    step = _between(random, 1, 4)
    chosen = [TAGS[(first + step * index) % len(TAGS)] for index in range(_between(random, 0, 4))]
    return [{"term": tag.term, "AAT_URL": f"{THESAURUS}/{tag.number}", "Wikidata_URL": ""} for tag in chosen] or None


def _pick(random: Random, items: Sequence[T]) -> T:
    return items[int(random.random() * len(items))]


def _between(random: Random, first: int, last: int) -> int:
    """Return a whole number, both ends included."""
    return first + int(random.random() * (last - first + 1))


def _chance(random: Random, probability: float) -> bool:
    return random.random() < probability

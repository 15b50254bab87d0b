"""The words that the sample is made of: kinds of objects with the cultures, media and sizes that go with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CREDITS", "EGYPTIAN_ART", "KINDS", "SUBJECTS", "TAGS", "Kind", "Tag"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object that the sample holds, with the values that go well together."""

    department: str
    code: str
    """Short name of the department in image paths."""
    classification: str
    names: Sequence[str]
    media: Sequence[str]
    origins: Sequence[tuple[str, str, int, int]]
    """Culture, period, and the years between which objects were made (negative: B.C.)."""
    maker: str
    gallery: tuple[int, int]
    """First and last gallery number."""
    size: tuple[float, float]
    """Smallest and largest height in centimetres."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A subject keyword and the number of its entry in the Art & Architecture Thesaurus of this sample."""

    term: str
    number: int


EGYPT = (
    ("Egyptian", "Old Kingdom", -2649, -2130),
    ("Egyptian", "Middle Kingdom", -2030, -1640),
    ("Egyptian", "New Kingdom", -1550, -1070),
    ("Egyptian", "Ptolemaic Period", -332, -30),
)
GREECE_AND_ROME = (
    ("Greek", "Archaic", -600, -480),
    ("Greek, Attic", "Classical", -480, -323),
    ("Etruscan", "Archaic", -550, -450),
    ("Roman", "Early Imperial", -27, 130),
    ("Cypriot", "Hellenistic", -310, -30),
)
EAST_ASIA = (
    ("China", "Ming dynasty (1368–1644)", 1368, 1644),
    ("China", "Qing dynasty (1644–1911)", 1644, 1911),
    ("Japan", "Edo period (1615–1868)", 1615, 1868),
    ("Japan", "Meiji period (1868–1912)", 1868, 1912),
    ("Korea", "Joseon dynasty (1392–1910)", 1392, 1910),
    ("India", "", 1500, 1850),
)
ISLAMIC = (("Iran", "Safavid", 1501, 1722), ("Syria", "Mamluk", 1250, 1517), ("Turkey", "Ottoman", 1450, 1700))
EUROPE = (
    ("French", "", 1650, 1830),
    ("Italian", "", 1450, 1750),
    ("German, Meissen", "", 1710, 1800),
    ("British", "", 1700, 1880),
)
AMERICA = (("American", "", 1720, 1910), ("American, Pennsylvania", "", 1760, 1860))
ANDES = (("Moche", "", 200, 850), ("Nasca", "", 100, 600), ("Inca", "", 1400, 1534))
MIDDLE_AGES = (("French", "", 1150, 1500), ("Catalan", "", 1100, 1300), ("Byzantine", "", 500, 1200))

EGYPTIAN_ART = "Egyptian Art"
KINDS = (
    Kind(
        EGYPTIAN_ART,
        "eg",
        "",
        ("Amulet", "Scarab", "Shabti", "Stela fragment"),
        ("Faience", "Limestone", "Steatite, glazed", "Wood, paint"),
        EGYPT,
        "Royal workshop",
        (100, 138),
        (1, 60),
    ),
    Kind(
        "Greek and Roman Art",
        "gr",
        "Vases",
        ("Amphora", "Kylix", "Lekythos", "Oinochoe", "Skyphos"),
        ("Terracotta", "Terracotta; black-figure", "Terracotta; red-figure"),
        GREECE_AND_ROME,
        "Attic workshop",
        (150, 176),
        (4, 70),
    ),
    Kind(
        "Greek and Roman Art",
        "gr",
        "Glass",
        ("Bottle", "Bowl", "Flask", "Jar"),
        ("Glass; blown", "Glass; cast", "Glass; core-formed"),
        GREECE_AND_ROME,
        "Unknown glass workshop",
        (150, 176),
        (3, 30),
    ),
    Kind(
        "Asian Art",
        "as",
        "Ceramics",
        ("Bowl", "Dish", "Jar", "Vase", "Wine pot"),
        ("Porcelain painted in underglaze blue", "Stoneware with celadon glaze", "Porcelain with enamels"),
        EAST_ASIA,
        "Imperial kilns",
        (200, 234),
        (4, 60),
    ),
    Kind(
        "Asian Art",
        "as",
        "Prints",
        ("Print", "Album leaf", "Illustrated book"),
        ("Woodblock print; ink and color on paper", "Woodblock print; ink on paper"),
        EAST_ASIA,
        "Unidentified print workshop",
        (200, 234),
        (12, 40),
    ),
    Kind(
        "Islamic Art",
        "is",
        "Ceramics",
        ("Tile", "Bowl", "Dish"),
        ("Stonepaste; painted under transparent glaze", "Earthenware; lustre-painted"),
        ISLAMIC,
        "Unknown maker",
        (450, 464),
        (8, 50),
    ),
    Kind(
        "European Sculpture and Decorative Arts",
        "es",
        "Ceramics-Porcelain",
        ("Cup and saucer", "Figure", "Plate", "Teapot"),
        ("Hard-paste porcelain", "Soft-paste porcelain", "Tin-glazed earthenware"),
        EUROPE,
        "Royal manufactory",
        (500, 556),
        (4, 40),
    ),
    Kind(
        "Drawings and Prints",
        "dp",
        "Prints",
        ("Print", "Drawing", "Book plate"),
        ("Etching", "Engraving", "Pen and brown ink", "Lithograph"),
        EUROPE,
        "Anonymous engraver",
        (690, 693),
        (6, 60),
    ),
    Kind(
        "The American Wing",
        "ad",
        "Glass",
        ("Goblet", "Pitcher", "Sugar bowl", "Tumbler"),
        ("Blown glass", "Pressed glass", "Blown-molded glass"),
        AMERICA,
        "Unknown American glasshouse",
        (700, 774),
        (5, 35),
    ),
    Kind(
        "The Michael C. Rockefeller Wing",
        "ao",
        "Textiles-Woven",
        ("Border fragment", "Tunic", "Tapestry fragment"),
        ("Camelid hair", "Cotton, camelid hair", "Cotton"),
        ANDES,
        "Unknown weaver",
        (340, 362),
        (10, 130),
    ),
    Kind(
        "Medieval Art",
        "md",
        "Sculpture-Stone",
        ("Capital", "Relief", "Head of an apostle"),
        ("Limestone", "Marble", "Alabaster with traces of paint"),
        MIDDLE_AGES,
        "Cathedral workshop",
        (300, 307),
        (15, 150),
    ),
    Kind(
        "Arms and Armor",
        "aa",
        "Swords",
        ("Dagger", "Helmet", "Sword guard", "Stirrup"),
        ("Steel, gold", "Iron, copper alloy", "Steel, leather, wood"),
        (*EAST_ASIA[2:4], *EUROPE[:2]),
        "Unknown armorer",
        (370, 380),
        (6, 100),
    ),
)

TAGS = tuple(
    Tag(term, 300000100 + 37 * number)
    for number, term in enumerate(
        (
            "Animals",
            "Birds",
            "Boats",
            "Cats",
            "Flowers",
            "Fish",
            "Gods",
            "Horses",
            "Kings",
            "Landscapes",
            "Leaves",
            "Lions",
            "Men",
            "Musicians",
            "Ornament",
            "Portraits",
            "Trees",
            "Vases",
            "Women",
            "Writing systems",
        )
    )
)
SUBJECTS = ("with birds", "with a lion", "with flowers", "with an inscription", "with musicians", "with a landscape")
CREDITS = ("Gift of a friend of the museum", "Purchase, acquisition fund", "Museum excavations", "Bequest")

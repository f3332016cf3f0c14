"""Which formats there are, and how a file's name tells."""

from pathlib import Path

TABLES = (".jsonl", ".csv", ".parquet")
"""Of the formats that hold many articles, a row each."""
SUFFIXES = (".txt", ".md", ".html", ".htm", ".pdf", ".docx", *TABLES)
"""Of all formats that are read; each may be packed, with a further suffix of ``PACKED``."""
PACKED = (".gz", ".zst")


def split_suffixes(path: Path) -> tuple[str, str]:
    """Return the suffix of the format and that of the packing, in small letters; empty where there is none."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    packing = suffixes.pop() if suffixes and suffixes[-1] in PACKED else ""
    return suffixes[-1] if suffixes else "", packing


def is_readable(path: Path) -> bool:
    """Whether the name is that of a format that is read."""
    return split_suffixes(path)[0] in SUFFIXES

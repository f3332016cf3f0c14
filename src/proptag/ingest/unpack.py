"""Files, packed or not, to their bytes, never more of them at once than is allowed."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from proptag.ingest.problems import Unreadable, optional, too_large


@contextmanager
def opened(path: Path, packing: str) -> Iterator[Any]:
    """Open a file for reading bytes, unpacked on the way; what is wrong with the packing comes as ``Unreadable``."""
    try:
        with _stream(path, packing) as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unreadable("broken", f"the packed file is damaged or cut off ({error})") from error
    except OSError as error:
        if packing == ".zst" and error.errno is None:  # from the decompressor, not from the disk
            raise Unreadable("broken", f"the packed file is damaged or cut off ({error})") from error
        raise


def read_bytes(path: Path, packing: str, limit: int) -> bytes:
    """Return the unpacked content; ``Unreadable`` if it is longer than ``limit`` or the packing is damaged."""
    with opened(path, packing) as stream:
        data: bytes = stream.read(limit + 1)
    if len(data) > limit:
        raise too_large(limit)
    return data


def _stream(path: Path, packing: str) -> Any:  # noqa: ANN401
    if packing == ".gz":
        return gzip.open(path)
    if packing == ".zst":  # pyarrow's reader notices a stream that is cut off; that of zstandard does not
        arrow = optional("pyarrow")
        return arrow.CompressedInputStream(arrow.OSFile(str(path)), "zstd")
    return path.open("rb")

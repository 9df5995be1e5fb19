"""A checksum of a whole Parquet file, inside the file: SHA-256 of all its other bytes, as a value
of the footer's metadata.

Parquet's own checksums cover data pages alone; a damaged page header or footer can pass for other
data.
"""

import hashlib
from os import SEEK_END
from typing import BinaryIO

KEY, BLANK = b"vgstudy.sha256", b"0" * 64
_BEFORE = (
    KEY + b"\x18\x40"
)  # Thrift's compact form: the key, then the type and the length of its value
_PIECE = 2**20


def seal(file: BinaryIO) -> None:
    """Put the checksum into a finished file whose metadata have `KEY` with the value `BLANK`.

    Raises
    ------
    ValueError
        If they do not.
    """
    at, digest = _checksum(file)
    file.seek(at)
    file.write(digest)


def is_whole(file: BinaryIO) -> bool:
    """Whether every byte is as it was when the file was sealed.

    Raises
    ------
    ValueError
        If the file has no seal: it is empty, cut off, or was written by another program.
    """
    at, digest = _checksum(file)
    file.seek(at)
    return file.read(len(digest)) == digest


def _checksum(file: BinaryIO) -> tuple[int, bytes]:
    """Where the checksum stands, and what it should be."""
    size = file.seek(0, SEEK_END)
    tail = min(
        size, 8
    )  # a Parquet file ends with its footer, the footer's length in four bytes, PAR1
    file.seek(size - tail)
    begin = size - 8 - int.from_bytes(file.read(4), "little")
    if tail < 8 or begin < 0:
        raise ValueError("no Parquet footer")
    file.seek(begin)
    at = begin + file.read().index(_BEFORE) + len(_BEFORE)
    file.seek(0)
    sha = hashlib.sha256()
    for length in (at, size - at - len(BLANK)):
        while length > 0 and (piece := file.read(min(length, _PIECE))):
            sha.update(piece)
            length -= len(piece)
        file.seek(at + len(BLANK))
    return at, sha.hexdigest().encode()

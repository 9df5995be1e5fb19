"""The two checksums that a table's footer holds in one entry, apart by a blank.

The first is of the JSON in the footer; every read checks it, with the checksum of each page. The
second is of the whole file, in which it stands as zeros: only `vgstudy verify` checks it. It covers
the rest, the headers of pages and the statistics of columns in the footer. Older tables lack it.
"""

import zlib
from typing import BinaryIO

UNSET = b"00000000"


def checksum(content: bytes) -> bytes:
    """Return a CRC-32 as eight hexadecimal digits."""
    return f"{zlib.crc32(content):08x}".encode()


def unset_entry(text: bytes) -> bytes:
    """Return the entry for a footer with that JSON, before the rest of the file is known."""
    return checksum(text) + b" " + UNSET


def set_file_checksum(file: BinaryIO, entry: bytes) -> None:
    """Put the checksum of a complete file into its entry, given as `unset_entry` made it."""
    file.seek(0)
    content = file.read()
    file.seek(content.rindex(entry) + len(entry) - len(UNSET))
    file.write(checksum(content))


def states_file(entry: bytes) -> bool:
    """Return whether an entry has the checksum of the file, too."""
    return len(entry) > len(UNSET)


def is_whole(content: bytes, entry: bytes) -> bool:
    """Return whether a file has the checksum that its entry states; true if it states none."""
    end = content.rindex(entry) + len(entry)
    zeroed = content[: end - len(UNSET)] + UNSET + content[end:]
    return not states_file(entry) or entry.endswith(checksum(zeroed))

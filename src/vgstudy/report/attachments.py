"""Files that travel inside the page, compressed, so that whoever has the page has them."""

import gzip
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Attachment:
    """A file inside the page: its path under `results`, and its bytes."""

    name: str
    content: bytes

    @cached_property
    def packed(self) -> str:
        """The bytes compressed by gzip, as base64; equal bytes give equal text."""
        return b64encode(gzip.compress(self.content, mtime=0)).decode()

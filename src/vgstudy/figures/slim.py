"""PDF files made smaller without a visible change: fonts without hints for coarse screens, places
to a hundredth of a point."""

import re
import zlib
from io import BytesIO

from fontTools import subset

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj\n", re.DOTALL)
_STREAM = re.compile(rb"(<<.*?>>)\nstream\n(.*)\nendstream", re.DOTALL)
_LENGTH = re.compile(rb"/Length \d+(?: 0 R)?")
_TRAILER = re.compile(rb"trailer\n(.*?)\nstartxref", re.DOTALL)
_PLACES = re.compile(
    rb"^(?:[-\d.]+ )+(?:m|l|c|re|cm)$", re.MULTILINE
)  # of paths and markers; the numbers in texts stand in ( )
_EXCESS = re.compile(rb"(\.\d\d)\d+")
_UNUSED = [
    "BASE",
    "GDEF",
    "GPOS",
    "GSUB",
    "MATH",
    "OS/2",
    "gasp",
    "name",
    "post",
]  # a viewer has what it needs in the file itself


def slim(content: bytes) -> bytes:
    """A PDF file as matplotlib writes it with `pdf.compression` 0, smaller; equal bytes give equal
    bytes."""
    out, offsets = BytesIO(), {}
    out.write(content[: next(_OBJECT.finditer(content)).start()])
    for number, body in _OBJECT.findall(content):
        offsets[int(number)] = out.tell()
        out.write(b"%s 0 obj\n%s\nendobj\n" % (number, compressed(body)))
    start = out.tell()
    places = b"".join(b"%010d 00000 n \n" % offsets[number] for number in sorted(offsets))
    trailer = _TRAILER.search(content)
    assert trailer is not None
    assert sorted(offsets) == list(range(1, len(offsets) + 1))
    out.write(b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(offsets) + 1, places))
    out.write(b"trailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer[1], start))
    return out.getvalue()


def compressed(body: bytes) -> bytes:
    """An object of the file; its stream, if it has one that is not compressed, smaller."""
    found = _STREAM.fullmatch(body)
    if not found or b"/Filter" in found[1]:
        return body
    head, content = found.groups()
    if b"/Length1" in head:
        content = without_hints(content)
        head = re.sub(rb"/Length1 \d+", b"/Length1 %d" % len(content), head)
    else:
        content = _PLACES.sub(lambda line: _EXCESS.sub(rb"\1", line[0]), content)
    packed = zlib.compress(content, 9)
    head = _LENGTH.sub(b"/Length %d /Filter /FlateDecode" % len(packed), head, count=1)
    return b"%s\nstream\n%s\nendstream" % (head, packed)


def without_hints(font: bytes) -> bytes:
    """A TrueType font with the same glyphs at the same places."""
    options = subset.Options(
        hinting=False, retain_gids=True, notdef_outline=True, glyph_names=False
    )
    options.drop_tables += _UNUSED
    whole = subset.load_font(BytesIO(font), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(gids=range(whole["maxp"].numGlyphs))
    subsetter.subset(whole)
    with BytesIO() as file:
        whole.save(file, reorderTables=None)
        return file.getvalue()

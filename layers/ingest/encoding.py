"""Which encoding a text is in, and the lines of it that are in another."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from layers.errors import InvalidInputError, UnreadableFileError

# Characters of three bytes each in UTF-8: Chinese and its punctuation. Text in GB18030 hardly ever looks like this.
_CHINESE_IN_UTF8 = re.compile(rb"(?:[\x00-\x7f]+|[\xe2-\xe9\xef][\x80-\xbf]{2})+")


@dataclass(frozen=True)
class Decoder:
    """One codec for a whole file, strict line by line."""

    codec: str

    def decode(self, raw: bytes) -> tuple[str, str | None]:
        """The text, and what is wrong with it, if anything; wrong bytes then read U+FFFD."""
        if raw.isascii():
            return raw.decode("ascii"), None
        if self.codec == "gb18030" and _CHINESE_IN_UTF8.fullmatch(raw):
            return raw.decode("utf-8"), "the row is in UTF-8, the rest of the file in GB18030"
        try:
            return raw.decode(self.codec), None
        except UnicodeDecodeError:
            return raw.decode(self.codec, "replace"), f"the row cannot be read as {self.codec.upper()}"


def known_codec(name: str) -> str:
    """The codec of that name, in one spelling; the subsets GBK and GB2312 are read as GB18030.

    Raises
    ------
    InvalidInputError : there is none
    """
    try:
        codec = codecs.lookup(name.strip()).name
        "".encode(codec)
    except (LookupError, ValueError) as error:
        raise InvalidInputError(f"There is no encoding {name[:40]!r}; usual ones are utf-8 and gb18030.") from error
    return {"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "utf-8-sig": "utf-8"}.get(codec, codec)


def choose_decoder(name: str, lines: Iterable[bytes], codec: str | None = None) -> Decoder:
    """The decoder of a file: of the codec named, or else of UTF-8 or GB18030. Reads all lines either way.

    Raises
    ------
    UnreadableFileError : the first line is in neither
    """
    header: bytes | None = None
    utf8 = other = 0
    for line in lines:
        header = line if header is None else header
        if line.isascii():
            continue
        if _is(line, "utf-8"):
            utf8 += 1
        else:
            other += 1
    if codec:
        return Decoder(codec)
    if not other:
        return Decoder("utf-8")
    if header is not None and not header.isascii():
        if _is(header, "utf-8"):
            return Decoder("utf-8")
        if not _is(header, "gb18030"):
            raise UnreadableFileError(
                f"{name} is neither in UTF-8 nor in GB18030; save it as UTF-8, or name its encoding."
            )
        return Decoder("gb18030")
    return Decoder("utf-8" if utf8 > other else "gb18030")


def _is(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except UnicodeDecodeError:
        return False
    return True

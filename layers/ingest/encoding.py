"""Which encoding a text is in, and the lines of it that are in another."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass

from layers.errors import InvalidInputError, UnreadableFileError


@dataclass(frozen=True)
class Decoder:
    """One codec for a whole file, strict line by line."""

    codec: str

    def decode(self, raw: bytes) -> tuple[str, str | None]:
        """The text, and what is wrong with it, if anything; wrong bytes then read U+FFFD."""
        if raw.isascii():
            return raw.decode("ascii"), None
        if self.codec == "gb18030" and (chinese := _as_utf8(raw)):
            return chinese, "the row is in UTF-8, the rest of the file in GB18030"
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


def _as_utf8(raw: bytes) -> str | None:
    """The text, if it is UTF-8 with signs of three bytes only, as Chinese has; GB18030 hardly ever looks like it."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if all(c < "\x80" or "\u2000" <= c <= "\uffff" for c in text) else None


def _is(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except UnicodeDecodeError:
        return False
    return True

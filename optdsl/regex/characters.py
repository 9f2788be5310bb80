"""Escapes and bracketed classes, `\\d` and `[a-z]`: `Reader` -> one instruction. It knows no groups."""

from string import ascii_letters, digits, hexdigits, octdigits

from optdsl.regex.code import Characters, Check, Condition, bounds_of
from optdsl.regex.read import Reader

ANY = Characters((ord("\n"), ord("\n") + 1), negated=True)

_CLASSES = "dDwWsS"
_REFERENCES = frozenset("123456789")
_CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_CHECKS: dict[str, Condition] = {"A": "start", "Z": "very end", "b": "word edge", "B": "no word edge"}


def one(character: str, *, folded: bool) -> Characters:
    """Returns the set of one character."""
    return Characters((ord(character), ord(character) + 1), folded=folded)


def read_escape(reader: Reader, *, folded: bool) -> Characters | Check:
    """Returns what the escape that begins here stands for, outside of brackets."""
    start = reader.at
    reader.skip("\\")
    letter = reader.peek()
    if letter in _CHECKS:
        reader.take()
        return Check(_CHECKS[letter])
    if letter in _REFERENCES:
        return one(chr(_read_reference(reader, start)), folded=folded)
    member = _read_member_escape(reader, start)
    if isinstance(member, str):
        return Characters((), member)
    return one(chr(member), folded=folded)


def read_class(reader: Reader, *, folded: bool) -> Characters:
    """Returns the set in the brackets that begin here."""
    start = reader.at
    reader.skip("[")
    negated = reader.skip("^")
    ranges: list[tuple[int, int]] = []
    classes = ""
    first = reader.at
    while reader.at == first or not reader.skip("]"):
        member = _read_member(reader, start)
        if isinstance(member, str):
            classes += member if member not in classes else ""
        else:
            ranges.append(member)
    return Characters(bounds_of(ranges), classes, negated, folded)


def _read_member(reader: Reader, opening: int) -> tuple[int, int] | str:
    """Returns the next range in brackets, its ends inclusive, or the letter of the next class."""
    start = reader.at
    first = _read_end(reader, opening)
    # A hyphen that the bracket follows stands for itself.
    if reader.peek() != "-" or reader.text.startswith("-]", reader.at):
        return first if isinstance(first, str) else (first, first)
    reader.skip("-")
    last = _read_end(reader, opening)
    if isinstance(first, str) or isinstance(last, str):
        reader.fail(f"the range `{reader.since(start)}` has a class for an end", start)
    if first > last:
        reader.fail(f"the range `{reader.since(start)}` runs backwards", start)
    return first, last


def _read_end(reader: Reader, opening: int) -> int | str:
    """Returns the next code point in brackets, or the letter of a class."""
    start = reader.at
    if reader.skip("\\"):
        return _read_member_escape(reader, start)
    character = reader.take()
    if not character:
        reader.fail("`[` is not closed", opening)
    return ord(character)


def _read_member_escape(reader: Reader, start: int) -> int | str:
    """Returns the code point or the letter of a class that the escape from `start` on means in brackets.

    Outside of brackets it means the same, save for what `read_escape` has taken before.
    """
    letter = reader.peek()
    if letter and letter in octdigits:
        return _octal(reader, start, reader.take_some(octdigits, 3))
    reader.take()
    if not letter:
        reader.fail("`\\` at the end has nothing to escape", start)
    if letter in _CLASSES:
        return letter
    if letter in _HEX_DIGITS:
        return _read_hexadecimal(reader, start, _HEX_DIGITS[letter])
    if letter == "b":
        return 8
    if letter in _CONTROLS:
        return _CONTROLS[letter]
    if letter == "N":
        reader.fail("a character by its Unicode name is not supported", start)
    if letter in ascii_letters or letter in digits:
        reader.fail(f"`\\{letter}` is no known escape", start)
    return ord(letter)


def _read_hexadecimal(reader: Reader, start: int, length: int) -> int:
    found = reader.take_some(hexdigits, length)
    if len(found) < length:
        escape = reader.text[start : start + 2]
        reader.fail(f"`{escape}` takes {length} hexadecimal digits, not {len(found)}", start)
    point = int(found, 16)
    if point > 0x10FFFF:
        reader.fail(f"`{reader.since(start)}` is past the last character", start)
    return point


def _read_reference(reader: Reader, start: int) -> int:
    """Returns the code point of three octal digits; anything shorter would be a backreference."""
    found = reader.take_some(octdigits, 3)
    if len(found) < 3:
        reader.fail("a backreference is not regular, and is not supported", start)
    return _octal(reader, start, found)


def _octal(reader: Reader, start: int, found: str) -> int:
    if int(found, 8) > 0o377:
        reader.fail(f"`{reader.since(start)}` is past the last octal escape, `\\377`", start)
    return int(found, 8)

"""Where lines end: a document, which says where it may be broken, -> text of a given width. After Wadler.

A group stands on one line if it fits, else each of its own lines begins a new one. Every document carries
what `render` asks of it, so that rendering is a loop, in time linear in the document. It knows nothing of the
language.
"""

from dataclasses import dataclass

ENDLESS = 1 << 30
"""The width of what cannot stand on one line."""


@dataclass(frozen=True, slots=True)
class Text:
    """Characters without a newline."""

    text: str
    lined: bool = False

    @property
    def width(self) -> int:
        """Columns on one line."""
        return len(self.text)

    @property
    def head(self) -> int:
        """Columns before the first line that may begin."""
        return len(self.text)


@dataclass(frozen=True, slots=True)
class Line:
    """A new line, or `flat` where the group around it stands on one line."""

    flat: str
    width: int
    head: int = 0
    lined: bool = True


@dataclass(frozen=True, slots=True)
class WhenBroken:
    """Characters that are written only where the group around is broken: a trailing comma."""

    text: str
    width: int = 0
    head: int = 1
    lined: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment: what stands behind it begins a new line, so no group around it stands on one line."""

    text: str
    width: int = ENDLESS
    head: int = 0
    lined: bool = True


@dataclass(frozen=True, slots=True)
class Joined:
    """Documents one behind the other: `width` on one line, `head` up to the first line that may begin."""

    parts: "tuple[Doc, ...]"
    width: int
    head: int
    lined: bool


@dataclass(frozen=True, slots=True)
class Indent:
    """A document whose new lines stand two columns deeper."""

    inner: "Doc"
    width: int
    head: int
    lined: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A document that is broken as a whole or not at all."""

    inner: "Doc"
    width: int
    head: int
    lined: bool


Doc = Text | Line | WhenBroken | Remark | Joined | Indent | Group

LINE = Line(" ", 1)
SOFT = Line("", 0)
COMMA_WHEN_BROKEN = WhenBroken(",")


def join(*parts: Doc | str) -> Doc:
    """Returns the parts one behind the other."""
    docs = tuple(Text(part) if isinstance(part, str) else part for part in parts)
    if len(docs) == 1:
        return docs[0]
    width, head, lined = 0, 0, False
    for doc in docs:
        width = min(ENDLESS, width + doc.width)
        head += 0 if lined else doc.head
        lined = lined or doc.lined
    return Joined(docs, width, head, lined)


def indent(*parts: Doc | str) -> Doc:
    """Returns the parts with their new lines two columns deeper."""
    inner = join(*parts)
    return Indent(inner, inner.width, inner.head, inner.lined)


def group(*parts: Doc | str) -> Doc:
    """Returns the parts as a group."""
    inner = join(*parts)
    return Group(inner, inner.width, inner.head, inner.lined)


def render(doc: Doc, width: int) -> str:
    """Returns the text of `doc`, no line longer than `width` where a break can help."""
    written: list[str] = []
    column = 0
    waiting: list[tuple[Doc, int, bool]] = [(doc, 0, False)]
    while waiting:
        part, margin, flat = waiting.pop()
        match part:
            case Joined():
                waiting.extend((inner, margin, flat) for inner in reversed(part.parts))
            case Indent():
                waiting.append((part.inner, margin + 2, flat))
            case Group():
                fits = flat or part.width + _behind(waiting, width) <= width - column
                waiting.append((part.inner, margin, fits))
            case Line() if not flat:
                written.append("\n" + " " * margin)
                column = margin
            case Line():
                written.append(part.flat)
                column += part.width
            case WhenBroken() if flat:
                pass
            case Text() | WhenBroken() | Remark():
                written.append(part.text)
                column += len(part.text)
    return "".join(written)


def one_line(doc: Doc) -> str:
    """Returns the text of `doc` on one line, whatever its width; `doc` holds no remark."""
    return render(Group(doc, 0, 0, False), ENDLESS)


def _behind(waiting: list[tuple[Doc, int, bool]], enough: int) -> int:
    """Returns how many columns follow on the same line at least; counting ends where it is `enough`."""
    columns = 0
    for part, _, _ in reversed(waiting):
        columns += part.head
        if part.lined or columns > enough:
            break
    return columns

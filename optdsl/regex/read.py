"""Reading a regular expression character by character: text -> `Reader`. It knows no syntax."""

from typing import NoReturn


class RegexError(ValueError):
    """A text that is no regular expression, or none that is supported."""

    message: str
    """One sentence that says why."""
    position: int
    """Where in the text, in characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message, position)
        self.message = message
        self.position = position

    def __str__(self) -> str:
        return self.message


class Reader:
    """A text and how far it has been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        """Returns the next character, and an empty text at the end."""
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        """Returns the next character and goes past it; an empty text at the end."""
        character = self.peek()
        self.at += len(character)
        return character

    def skip(self, expected: str) -> bool:
        """Goes past `expected` if it comes next; returns whether it did."""
        found = self.text.startswith(expected, self.at)
        self.at += len(expected) if found else 0
        return found

    def take_some(self, allowed: str, most: int | None = None) -> str:
        """Returns the next characters as long as they are among `allowed`, `most` of them at most."""
        limit = len(self.text) if most is None else min(self.at + most, len(self.text))
        start = self.at
        while self.at < limit and self.text[self.at] in allowed:
            self.at += 1
        return self.text[start : self.at]

    def since(self, start: int) -> str:
        """Returns what has been read from `start` on."""
        return self.text[start : self.at]

    def fail(self, message: str, position: int) -> NoReturn:
        """Raises `RegexError`."""
        raise RegexError(message, position)

"""Constants of a program -> Python literals, in the shortest form that is exact."""

_TINY, _HUGE = 1e-2, 1e6


def literal(value: bool | int | float | str | None) -> str:
    """Returns Python source for a constant.

    >>> literal(0.001), literal(0.05), literal(1e-8), literal(float("inf"))
    ('1e-3', '0.05', '1e-8', 'float("inf")')
    """
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return 'float("inf")' if value > 0 else '-float("inf")'
    return _decimal(value) if isinstance(value, float) else repr(value)


def text(value: str) -> str:
    """Returns a string in double quotes wherever that needs no escape."""
    plain = value.isprintable() and '"' not in value and "\\" not in value
    return f'"{value}"' if plain else repr(value)


def raw(pattern: str) -> str:
    """Returns a regular expression as a raw string, if one can hold it."""
    plain = pattern.isprintable() and '"' not in pattern and not pattern.endswith("\\")
    return f'r"{pattern}"' if plain else repr(pattern)


def _decimal(value: float) -> str:
    plain = repr(value)
    if _TINY <= abs(value) < _HUGE or value == 0:
        return plain
    # Seventeen digits are always enough; the first form that reads back as the same number is the shortest.
    forms = (f"{value:.{digits}e}" for digits in range(17))
    mantissa, exponent = next(form for form in forms if float(form) == value).split("e")
    scientific = f"{mantissa}e{int(exponent)}"
    return min(plain, scientific, key=len)

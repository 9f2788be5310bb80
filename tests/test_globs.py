"""Globs against what they say by hand, against a slow reference, and in time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optdsl.globs import GlobError, compile_glob

MATCHES = [
    ("head/kernel", "head/kernel"),
    ("*", "kernel"),
    ("*/kernel", "head/kernel"),
    ("h*d/k*", "head/kernel"),
    ("h*", "h"),
    ("**", ""),
    ("**", "kernel"),
    ("**", "a/b/c"),
    ("embed/**", "embed"),
    ("embed/**", "embed/a/b"),
    ("**/kernel", "kernel"),
    ("**/kernel", "a/b/kernel"),
    ("a/**/z", "a/z"),
    ("a/**/z", "a/b/c/z"),
    ("**/a/**/b/**", "x/a/a/b"),
    ("**/**", ""),
    ("a**z", "abz"),
    ("", ""),
    ("a.b[0]+/(c|d)", "a.b[0]+/(c|d)"),
    ("café/*", "café/ключ"),
]

MISSES = [
    ("head", "head/kernel"),
    ("head/kernel", "head"),
    ("*", ""),
    ("*", "a/b"),
    ("embed/**", "embedding"),
    ("embed/**", "a/embed"),
    ("**/kernel", "akernel"),
    ("a/**/z", "a"),
    ("a/**/a", "a"),
    ("a/**/b/**/b", "a/b"),
    ("a.c", "abc"),
    ("Head", "head"),
    ("", "a"),
    ("a*b*c", "a-c-b"),
]


@pytest.mark.parametrize(("glob", "path"), MATCHES)
def test_matches(glob: str, path: str) -> None:
    assert compile_glob(glob).match(path) == {}


@pytest.mark.parametrize(("glob", "path"), MISSES)
def test_does_not_match(glob: str, path: str) -> None:
    assert compile_glob(glob).match(path) is None


CAPTURES = [
    ("blocks_{i}/**", "blocks_12/attn/kernel", {"i": 12}),
    ("blocks_{i}/**", "blocks_12", {"i": 12}),
    ("blocks_{i}", "blocks_", None),
    ("blocks_{i}", "blocks_1x", None),
    ("layers/{i}/*", "layers/007/bias", {"i": 7}),
    ("*{i}", "blocks_12", {"i": 12}),
    ("1*{i}", "12", {"i": 2}),
    ("*{i}*", "a1b23", {"i": 1}),
    ("b{i}*", "b123", {"i": 123}),
    ("{i}0", "10", None),
    ("*{i}x{j}", "a1b2x3", {"i": 2, "j": 3}),
    ("**/b{i}/**/c{j}", "b1/b2/c3", {"i": 1, "j": 3}),
    ("a{i}/**/c{j}", "a1/c2/c3", {"i": 1, "j": 3}),
    ("b{i}", "b²", None),
    ("b{i}", "b٣", None),
]


@pytest.mark.parametrize(("glob", "path", "want"), CAPTURES)
def test_captures(glob: str, path: str, want: dict[str, int] | None) -> None:
    assert compile_glob(glob).match(path) == want


def test_a_glob_knows_its_text_and_its_names() -> None:
    glob = compile_glob("a{i}/**/b{j}c{k}")
    assert str(glob) == "a{i}/**/b{j}c{k}"
    assert glob.captures == ("i", "j", "k")
    assert glob == compile_glob(str(glob))
    assert hash(glob) == hash(compile_glob(str(glob)))


@pytest.mark.parametrize("text", ["a{", "a}", "{}", "{1}", "a{i}{j}", "a{i}/b{i}", "{i j}"])
def test_what_is_no_glob_is_refused(text: str) -> None:
    with pytest.raises(GlobError):
        compile_glob(text)


def slowly(glob: str, path: str) -> bool:
    """The meaning of globs without captures, by trying everything."""

    def segment(pattern: str, name: str) -> bool:
        if not pattern:
            return not name
        if pattern[0] == "*":
            return any(segment(pattern[1:], name[i:]) for i in range(len(name) + 1))
        return name[:1] == pattern[0] and segment(pattern[1:], name[1:])

    def segments(patterns: list[str], names: list[str]) -> bool:
        if not patterns:
            return not names
        if patterns[0] == "**":
            return any(segments(patterns[1:], names[i:]) for i in range(len(names) + 1))
        return bool(names) and segment(patterns[0], names[0]) and segments(patterns[1:], names[1:])

    return segments(glob.split("/") if glob else [], path.split("/") if path else [])


PATTERNS = st.lists(st.sampled_from(["a", "b", "ab", "*", "a*", "*b", "a*b*", "**"]), max_size=5).map("/".join)
PATHS = st.lists(st.text("ab", min_size=1, max_size=3), max_size=5).map("/".join)


@settings(max_examples=400, deadline=None)
@given(PATTERNS, PATHS)
def test_agrees_with_trying_everything(glob: str, path: str) -> None:
    assert (compile_glob(glob).match(path) is not None) == slowly(glob, path)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["blocks_{i}", "*_{i}", "**/blocks_{i}", "blocks_{i}/**"]))
def test_binds_any_integer(number: int, glob: str) -> None:
    assert compile_glob(glob).match(f"blocks_{number}") == {"i": number}


HARD = [
    ("*a" * 20 + "b", "a" * 20_000),
    ("*1{i}x", "1" * 20_000),
    ("**/a/" * 10 + "b", "a/" * 5_000 + "c"),
]


@pytest.mark.parametrize(("glob", "path"), HARD)
def test_nothing_blows_up(glob: str, path: str) -> None:
    start = time.process_time()
    assert compile_glob(glob).match(path) is None
    assert time.process_time() - start < 5

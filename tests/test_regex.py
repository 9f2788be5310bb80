"""Regular expressions against Python's own, in steps, and in what is refused."""

import re
import sys
import warnings

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from syntax.effort import calls

from optdsl.regex import Regex, RegexError, compile_regex
from optdsl.regex.code import Characters
from optdsl.regex.parse import NESTING, STATES

PATHS = (
    *"kernel embed/kernel blocks_0/attn/kernel blocks_12/attn/kernel blocks_x/attn/kernel".split(),
    *"blocks_0/attn/bias head/kernel head/kernel/x norm/scale Größe/ключ".split(),
    *("", "a-b.c d", "a\nb", "bias\n"),
)
"""What every pattern of `MATCHED` is searched in."""

MATCHED = (
    "^(blocks_[0-9]+/attn|head)/kernel$ ^.*(bias|scale)$ kernel ^kernel$ ^$ a|^ (?:) () | a||b"
    r" \d \D+$ \w+/\w+ \W \s \S\s\S \bb \Bb \b$ \B ^\B$ \Ahead kernel\Z bias$ bias\Z a.b a[^x]b"
    r" a\.b b\.c b\/c attn\/ a\-b [.] []] [^]] [a-c-] [-a] [\]] [\d_]+/ [^\W\d] [^/]+/[^/]+ [\b] [\x61-\x63]b"
    r" \x6b \u043b \U0000006b \0 \141 \07 [\141] \n \t|\r|\f|\v|\a [\n] [ß-ö] ö.e ключ"
    r" o{2} l{1} o{0} o{,1}c [a-z]{3,}_ [a-z]{2,4}_ \d{2} o{ o{a} o{} {} x{,}$ a}b o{1,2,3}"
    r" o* o+? o?? (l|o){2,3}?c ((a|t)*n*)+/ (^|/)kernel (^)* (^)+h ($)? (?:\b)*k (?:a?){3}t (?P<n>at+)n"
    r" (?P<é>a) (?i)KERNEL (?i)GRÖSSE (?i)größe (?i)[A-K]+$ (?i)[^A-Z_/0-9] (?i)КЛЮЧ (?i)\W (?i)k\u212a?e"
    r" (?i)(?i)A (?i)"
).split(" ")


@pytest.mark.parametrize("pattern", [*MATCHED, "a-b.c d", " ", "\n$", "^a\n"])
def test_says_what_python_says(pattern: str) -> None:
    said = [path for path in PATHS if compile_regex(pattern).search(path)]
    assert said == [path for path in PATHS if searched(pattern, path)]


def searched(pattern: str, path: str) -> bool:
    """Returns what Python's own engine says, as of the release that settled `\\B` in an empty text."""
    if path == "" and sys.version_info < (3, 14):
        pattern = pattern.replace(r"\B", "(?:)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.search(pattern, path) is not None


def held(pattern: str, characters: str) -> list[str]:
    """Returns those of `characters` that `pattern` holds, which stands for one character."""
    (step,) = compile_regex(pattern).code
    assert isinstance(step, Characters)
    return [character for character in characters if step.hold(character)]


def test_classes_hold_the_characters_they_hold_in_python() -> None:
    for name in r"\d \D \w \W \s \S . [^\s\d] (?i)[à-ÿ] (?i)[\u212a\d]".split():
        every = "".join(map(chr, range(0x20000)))
        assert held(name, every) == re.findall(name, every, re.DOTALL * (name != ".")), name


def test_letters_are_the_same_without_regard_to_case_as_in_python() -> None:
    cased = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if c.lower() != c or c.upper() != c)
    for letter in cased[::7] + "iIıİkKsSſßẞ":
        assert held(f"(?i){letter}", cased) == re.findall(f"(?i){letter}", cased), letter


ATOMS = st.sampled_from(
    r"a b c _ / é { . \w \W \d \D \s \S \. \/ \t \n [^ab] [a-c_] [^\d/] [\w-] \b \B ^ $ \Z (?:)".split()
)


def _larger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    openings = st.sampled_from(["(", "(?:"])
    counts = st.sampled_from("* + ? *? +? ?? {0} {2} {2}? {1,} {0,} {,2} {1,3} {0,2}?".split())
    return st.one_of(
        st.lists(smaller, min_size=2, max_size=4).map("".join),
        st.lists(smaller, min_size=2, max_size=3).map("|".join).map("(?:{})".format),
        st.builds("{}{})".format, openings, smaller),
        st.builds("{}{}){}".format, openings, smaller, counts),
        st.builds("{}{}".format, st.sampled_from(["a", r"\w", "[^b]", "."]), counts),
    )


PATTERNS = st.builds("{}{}".format, st.sampled_from(["", "", "(?i)"]), st.recursive(ATOMS, _larger, max_leaves=8))


@settings(max_examples=1500)
@given(PATTERNS, st.lists(st.text("abAB_/1 \né", max_size=7), min_size=1, max_size=4))
def test_random_patterns_say_what_python_says(pattern: str, paths: list[str]) -> None:
    regex = compile_regex(pattern)
    for path in paths:
        assert regex.search(path) == searched(pattern, path)


@settings(max_examples=1500)
@given(st.text(r"ab(|)*+?{}[]^$\.,-:<>=!12Pixwbd", max_size=10), st.text("ab{[]}(,1\n", max_size=5))
def test_what_python_refuses_is_refused_and_nothing_else_that_is_supported(text: str, path: str) -> None:
    assume("\\B" not in text)
    refusal = refused(text)
    try:
        says = searched(text, path)
    except re.error:
        assert refusal
        return
    if refusal:
        assert refusal.endswith("is not supported")
    else:
        assert compile_regex(text).search(path) == says


def refused(text: str) -> str | None:
    """Returns why `text` is refused, if it is."""
    try:
        compile_regex(text)
    except RegexError as error:
        return error.message
    return None


HARD = {
    "(a+)+$": "a{}b",
    "^(a|a)*b": "a{}c",
    "(a|aa)*b": "a{}c",
    "(.*)*x": "a{}",
    "^(([a-z])+.)+[A-Z]([a-z])+$": "a{}",
    "(a?){30}a{30}b": "a{}",
    "(?:a*)*b|(?:a*)*c": "a{}d",
    "(((((a*)*)*)*)*)*b": "a{}c",
    "a$|(^|a)+b": "a{}c",
    r"\w*\w*\w*\w*\w*\w*\w*\w*!": "a{}-",
    "(?i)([a-z]+)*[0-9]": "aA{}-",
}


@pytest.mark.parametrize("pattern", HARD)
def test_work_grows_with_the_path_times_the_states(pattern: str) -> None:
    regex = compile_regex(pattern)

    def work(length: int) -> int:
        path = HARD[pattern].replace("{}", "a" * length)
        return calls(lambda: regex.search(path))

    regex.search("a")
    most = 20 * (len(regex.code) + 1)
    assert work(500) < most * 505
    assert work(500) - work(400) <= 1.05 * (work(400) - work(300))


def test_the_classic_blow_up_is_decided() -> None:
    assert compile_regex("a?" * 30 + "a" * 30).search("a" * 30)
    assert not compile_regex("^" + "a?" * 30 + "a" * 30 + "$").search("a" * 61)


REFUSED = [
    (r"(a)\1", 3, "a backreference is not regular, and is not supported"),
    (r"(?P<n>a)(?P=n)", 8, "a backreference is not regular, and is not supported"),
    ("a(?=b)", 1, "a lookahead is not supported"),
    ("a(?!b)", 1, "a lookahead is not supported"),
    ("(?<=b)a", 0, "a lookbehind is not supported"),
    ("(?<!b)a", 0, "a lookbehind is not supported"),
    ("(a)(?(1)b|c)", 3, "a conditional group is not regular, and is not supported"),
    ("(?>a)", 0, "an atomic group is not supported"),
    ("xa*+", 2, "a possessive repetition is not supported"),
    ("a{2}+", 1, "a possessive repetition is not supported"),
    ("a(?#b)", 1, "a comment is not supported"),
    ("(?s).", 0, "a flag other than `(?i)` at the start is not supported"),
    ("(?i:a)", 0, "a flag other than `(?i)` at the start is not supported"),
    ("a(?i)", 1, "`(?i)` may stand only at the start"),
    (r"\N{DIGIT ONE}", 0, "a character by its Unicode name is not supported"),
    (r"a\q", 1, r"`\q` is no known escape"),
    (r"[\A]", 1, r"`\A` is no known escape"),
    (r"[\9]", 1, r"`\9` is no known escape"),
    ("a\\", 1, "`\\` at the end has nothing to escape"),
    (r"\x1g", 0, r"`\x` takes 2 hexadecimal digits, not 1"),
    (r"\U00110000", 0, r"`\U00110000` is past the last character"),
    (r"\400", 0, r"`\400` is past the last octal escape, `\377`"),
    ("*a", 0, "`*` has nothing to repeat"),
    ("a|+", 2, "`+` has nothing to repeat"),
    ("(?{2})", 0, "`(?{` begins no known group"),
    ("({2})", 1, "`{2}` has nothing to repeat"),
    ("^*", 1, "`*` has nothing to repeat"),
    ("a**", 2, "`*` repeats a repetition"),
    ("a{2}{3}", 4, "`{3}` repeats a repetition"),
    ("a{3,2}", 1, "the repetition `{3,2}` runs backwards"),
    ("a(b", 1, "the group is not closed"),
    ("(", 0, "the group is not closed"),
    ("ab)", 2, "`)` closes no group"),
    ("(?P<n", 0, "the name of the group is not closed by `>`"),
    ("(?P<1>a)", 0, "`1` is no name for a group"),
    ("(?P<n>a)(?P<n>b)", 8, "two groups are named `n`"),
    ("(?", 0, "`(?` begins no known group"),
    ("a[b", 1, "`[` is not closed"),
    ("[]", 0, "`[` is not closed"),
    ("[a-", 0, "`[` is not closed"),
    ("[xz-a]", 2, "the range `z-a` runs backwards"),
    (r"[a-\d]", 1, r"the range `a-\d` has a class for an end"),
    (r"[\w-z]", 1, r"the range `\w-z` has a class for an end"),
    ("a{10001}", 1, "the regular expression has more than 10,000 states"),
    ("((a{100}){100}){100}", 15, "the regular expression has more than 10,000 states"),
    ("(a{9999}){,99999999999}", 9, "the regular expression has more than 10,000 states"),
    ("a{" + "9" * 10_000 + "}", 1, "the regular expression has more than 10,000 states"),
    ("a" * (STATES + 1), STATES, "the regular expression has more than 10,000 states"),
    ("(" * 100_000, NESTING, "groups are nested more than 64 deep"),
]


@pytest.mark.parametrize(("text", "position", "message"), REFUSED, ids=[text[:20] for text, *_ in REFUSED])
def test_what_is_refused_says_why_and_where(text: str, position: int, message: str) -> None:
    with pytest.raises(RegexError) as raised:
        compile_regex(text)
    assert (raised.value.message, raised.value.position, str(raised.value)) == (message, position, message)


def test_what_is_within_the_limits_is_accepted() -> None:
    assert not compile_regex("a{10000}").search("a" * 50)
    assert compile_regex("a" * STATES) == Regex("a" * STATES, compile_regex("a{10000}").code)
    assert compile_regex("^a{500}$").search("a" * 500)
    assert compile_regex("(" * NESTING + "a" + ")" * NESTING).search("a")
    assert compile_regex("(?:){99999}(?:a{0}){0099999999999}b").search("b")
    assert compile_regex("x(?P<n>)" + "()" * 50_000).search("x")


LONG = ("a{" + "1" * 100_000, "[" + "a-z" * 50_000 + "]", "\\." * STATES, "(|)" * 5_000)


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:5])
def test_reading_grows_with_the_text(text: str) -> None:
    def read() -> None:
        with pytest.raises(RegexError):
            compile_regex(text + "(")

    assert calls(read) < 20 * len(text) + 10_000


def test_a_regex_is_a_value_and_is_compiled_once() -> None:
    regex = compile_regex("^a+$")
    assert regex is compile_regex("^a+$")
    assert regex == Regex("^a+$", regex.code) != compile_regex("^a*$")
    assert hash(regex) == hash(Regex("^a+$", regex.code))
    assert (regex.text, str(regex), repr(regex)) == ("^a+$", "^a+$", "Regex(text='^a+$')")
    with pytest.raises(AttributeError):
        regex.text = "b"  # pyright: ignore[reportAttributeAccessIssue]

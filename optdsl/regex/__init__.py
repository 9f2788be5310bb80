"""Regular expressions: text -> `Regex`, which searches paths in linear time. It knows no trees, only text."""

from optdsl.regex.match import Regex as Regex
from optdsl.regex.match import compile_regex as compile_regex
from optdsl.regex.read import RegexError as RegexError

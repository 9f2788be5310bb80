"""Layer 5, assist: what an editor, a REPL or a notebook asks about a text that is still being written.

In: text and a cursor. Out: proposals, signatures, what a word means, what kind of word it is. All of it works on text
that does not parse, takes time linear in its length and raises nothing. It knows neither editors nor jax, and every
fact about a stage comes from its row.
"""

from optdsl.assist.completion import complete as complete
from optdsl.assist.hovers import Hover as Hover
from optdsl.assist.hovers import definition as definition
from optdsl.assist.hovers import hover as hover
from optdsl.assist.outline import outline
from optdsl.assist.places import Token as Token
from optdsl.assist.places import TokenKind as TokenKind
from optdsl.assist.proposals import Completion as Completion
from optdsl.assist.proposals import CompletionKind as CompletionKind
from optdsl.assist.signatures import Signature as Signature
from optdsl.assist.signatures import SignatureParameter as SignatureParameter
from optdsl.assist.signatures import signature as signature


def tokens(text: str) -> tuple[Token, ...]:
    """Returns the words and marks of any text with what they are, in order; only space is left out; never raises.

    >>> [token.kind for token in tokens("adam(b1=:x)")]
    ['stage', 'punctuation', 'parameter', 'operator', 'hole', 'punctuation']
    """
    return outline(text).tokens

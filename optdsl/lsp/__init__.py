"""Layer 8, the language server: `optdsl lsp` answers an editor over standard input and output.

In: the Language Server Protocol. Out: the same. What is said of a program comes from `assist` and from the checker;
here it is found in its file, and places become lines and UTF-16 units. The only part that imports pygls.
"""

import sys
from importlib.util import find_spec

_MISSING = "optdsl lsp: the language server needs pygls: pip install 'optdsl[lsp]'"


def main() -> int:
    """Serves one editor over standard input and output; returns the exit status when that has gone."""
    if find_spec("pygls") is None:
        sys.stderr.write(f"{_MISSING}\n")
        return 1
    from optdsl.lsp.server import serve

    serve()
    return 0

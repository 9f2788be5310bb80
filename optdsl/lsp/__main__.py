"""`python -m optdsl.lsp`: the language server, as `optdsl lsp`."""

import sys

from optdsl.lsp import main

sys.exit(main())

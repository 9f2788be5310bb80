"""Layer 2, embedded: programs that are a value inside YAML, TOML or JSON, found and put back.

In: the text of a file and the way to a value. Out: a `Source` whose places are places in that file. It does
not know the language.
"""

from optdsl.embedded.find import find as find
from optdsl.embedded.put import put as put

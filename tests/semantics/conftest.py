"""Where tests of this folder find the generator of programs that the tests of the syntax use."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "syntax"))

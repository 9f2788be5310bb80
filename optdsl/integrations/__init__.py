"""Layer 8, integrations: programs as fields of configurations, one module for each host, which imports that host.

`optdsl` imports none of them by itself, but for what pydantic asks of `Program`. They decide nothing about programs.
"""

from optdsl.integrations.field import InvalidProgram as InvalidProgram
from optdsl.integrations.field import load as load
from optdsl.integrations.places import reading as reading

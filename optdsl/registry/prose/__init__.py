"""What each transform and schedule of Optax does, in one sentence of ours, with its formula and its paper.

Formulas are plain mathematics: `g` the gradient, `p` the parameters, `u` the result, `m` and `v` moments,
`t` the step.
"""

from optdsl.registry.prose.experimental import EXPERIMENTAL
from optdsl.registry.prose.optimizers import OPTIMIZERS
from optdsl.registry.prose.schedules import SCHEDULES
from optdsl.registry.prose.stages import STAGES
from optdsl.registry.row import Prose

__all__ = ["PROSE", "Prose"]

PROSE: dict[str, Prose] = OPTIMIZERS | STAGES | EXPERIMENTAL | SCHEDULES

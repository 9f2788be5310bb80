"""What the programs on the pages of codes do, measured by `tools/measure_consequences.py`.

Do not edit: run `make pages`.
"""

from optdsl.diagnostics.page import Consequence

CONSEQUENCES: dict[str, Consequence] = {
    "E301": Consequence("the loss after 50 steps", 8.701, 0.4198, 2.263),
    "E302": Consequence("the loss after 50 steps", 56040.0, 0.189, 2.263),
    "E303": Consequence("the loss after 10 steps", 28490.0, 1.949, 2.263),
    "E304": Consequence("the norm of all clipped gradients, for a bound of 1", 2.236, 1.0),
    "E305": Consequence("the share of parameters that move when one entry of the gradient is NaN", 0.0, 0.9787),
    "E306": Consequence(
        "the largest mean over a unit of the kernel that `centralize` leaves, relative to its largest entry",
        0.7393,
        0.0,
    ),
    "E307": Consequence("the loss after 20 steps", 0.01727, 1.224e-07, 2.263),
    "E308": Consequence("the smallest parameter after 50 steps, none below 0 at first", -0.6002, 0.0),
    "E309": Consequence("the learning rate at the last of 1,000 updates", 0.0004995, 0.0),
    "E401": Consequence("the loss after 10 steps", 21130.0, 1.314, 2.263),
    "E402": Consequence("how far `embed/embedding`, to be frozen, moves in 50 steps", 2.11, 0.0),
    "W501": Consequence("the share of 50 steps at which the clip acts", 0.0, 0.54),
    "W502": Consequence("the largest entry of the first update", 0.001, 0.1),
    "W503": Consequence("the size of the first update, relative to that of `adam(1e-2)` alone", 1.0, 0.1),
    "W504": Consequence(
        "how much 300 steps of decay take off a weight of 1 whose gradient is noise of size 10", 0.03073, 0.2664
    ),
    "W505": Consequence("a weight of 1 without a gradient, after 10 steps", 0.3448, 0.99),
    "W506": Consequence("a weight of 1 without a gradient, after 500 steps", 144.8, 0.00657),
    "W507": Consequence("the share of a kernel's entries whose first update is 0", 0.5, 0.0),
    "W508": Consequence("the largest mean over a unit of the first update, relative to its largest entry", 0.3333, 0.0),
    "W509": Consequence("the largest mean over a unit of the first update, relative to its largest entry", 0.3331, 0.0),
    "W510": Consequence("the loss after 50 steps", 2.119, 0.002086, 2.263),
    "W511": Consequence("the loss after 30 steps", 20410.0, 0.09322, 2.263),
    "W512": Consequence("the number of 12 micro-steps at which parameters move", 9.0, 3.0),
    "W513": Consequence("the norm of all clipped gradients, for a bound of 1", 1.414, 1.0),
    "W514": Consequence("the share of parameters that are NaN after 5 bad steps", 1.0, 0.0),
    "W515": Consequence("the size of update 50, for a steady gradient", 0.0, 0.0001),
    "W516": Consequence("the loss after 50 steps", 0.3902, 0.3902, 2.263),
    "W521": Consequence(
        "the largest mean over the inputs of a unit of the first update, relative to its largest entry", 0.2709, 0.0
    ),
    "W522": Consequence("the second moment after 1,000 steps of a gradient of 1", 0.5, 0.6323),
    "N601": Consequence("a weight of 1 without a gradient, after 1,000 steps", 0.999, 0.9048),
    "N602": Consequence("the largest entry of the first update", 0.0, 1e-05),
    "N603": Consequence("the loss after 50 steps", 0.4198, 0.4198, 2.263),
}

"""Prose of the optimizers of `optax`: each of them applies its learning rate and descends."""

from optdsl.registry.row import Prose

OPTIMIZERS: dict[str, Prose] = {
    "adabelief": Prose(
        "Adam whose second moment measures how far gradients fall from their running mean.",
        "u = -lr * m^ / (sqrt(s^) + eps), s = b2*s + (1-b2)*(g-m)^2 + eps_root",
        "Zhuang et al. 2020, arXiv 2010.07468",
    ),
    "adadelta": Prose(
        "Scales gradients by the ratio of running root mean squares of updates and of gradients.",
        "u = -lr * sqrt(x + eps) / sqrt(e + eps) * g, e and x the averages of g^2 and of squared steps",
        "Zeiler 2012, arXiv 1212.5701",
    ),
    "adafactor": Prose(
        "Adam in little memory: the second moment of a matrix is kept as one row and one column.",
        "u = -lr * rms(p) * g / sqrt(row * column / mean(row)), clipped by its rms",
        "Shazeer and Stern 2018, arXiv 1804.04235",
    ),
    "adagrad": Prose(
        "Divides each gradient by the root of the sum of its squares so far.",
        "u = -lr * g / sqrt(sum(g^2) + eps)",
        "Duchi et al. 2011, JMLR 12",
    ),
    "adam": Prose(
        "Divides the running mean of gradients by their running root mean square, without bias.",
        "u = -lr * m^ / (sqrt(v^ + eps_root) + eps), m = b1*m + (1-b1)*g, v = b2*v + (1-b2)*g^2",
        "Kingma and Ba 2014, arXiv 1412.6980",
    ),
    "adamax": Prose(
        "Adam with the largest recent gradient in place of the root mean square.",
        "u = -lr * m^ / v, v = max(abs(g) + eps, b2*v)",
        "Kingma and Ba 2014, arXiv 1412.6980",
    ),
    "adamaxw": Prose(
        "Adamax with weight decay that is not divided by the moments.",
        "u = -lr * (m^ / v + weight_decay * p), v = max(abs(g) + eps, b2*v)",
        "Loshchilov and Hutter 2017, arXiv 1711.05101",
    ),
    "adamw": Prose(
        "Adam with weight decay that is not divided by the moments.",
        "u = -lr * (m^ / (sqrt(v^ + eps_root) + eps) + weight_decay * p)",
        "Loshchilov and Hutter 2017, arXiv 1711.05101",
    ),
    "adan": Prose(
        "Adaptive Nesterov momentum: adds a moment of the differences of successive gradients.",
        "u = -lr * (m^ + (1-b2)*d^) / (sqrt(n^ + eps_root) + eps), d the mean of gradient differences",
        "Xie et al. 2022, arXiv 2208.06677",
    ),
    "amsgrad": Prose(
        "Adam that divides by the largest second moment so far, so its rates never grow again.",
        "u = -lr * m^ / (sqrt(max over time of v^ + eps_root) + eps)",
        "Reddi et al. 2018, arXiv 1904.09237",
    ),
    "fromage": Prose(
        "Scales each leaf's step to the norm of its weights and keeps that norm from growing.",
        "u = (p - lr * g * norm(p) / norm(g)) / sqrt(1 + lr^2) - p",
        "Bernstein et al. 2020, arXiv 2002.03432",
    ),
    "lamb": Prose(
        "AdamW whose step in each leaf has the norm of that leaf's weights, for very large batches.",
        "u = -lr * r * norm(p) / norm(r), r = m^ / (sqrt(v^ + eps_root) + eps) + weight_decay * p",
        "You et al. 2019, arXiv 1904.00962",
    ),
    "lars": Prose(
        "Momentum whose step in a leaf follows its ratio of weight norm to gradient norm.",
        "u = momentum * u - lr * trust_coefficient * r * norm(p) / norm(r), r = g + weight_decay * p",
        "You et al. 2017, arXiv 1708.03888",
    ),
    "lbfgs": Prose(
        "Quasi-Newton steps from the last few gradient differences, with a line search along each.",
        "u = -step * H g, H the inverse Hessian as the last `memory_size` differences give it",
        "Liu and Nocedal 1989",
    ),
    "lion": Prose(
        "Steps of one size in the sign of an interpolated momentum, with weight decay.",
        "u = -lr * (sign(b1*m + (1-b1)*g) + weight_decay * p), m = b2*m + (1-b2)*g",
        "Chen et al. 2023, arXiv 2302.06675",
    ),
    "nadam": Prose(
        "Adam with Nesterov's look ahead in the first moment.",
        "u = -lr * (b1*m^ + (1-b1)*g^) / (sqrt(v^ + eps_root) + eps)",
        "Dozat 2016",
    ),
    "nadamw": Prose(
        "AdamW with Nesterov's look ahead in the first moment.",
        "u = -lr * ((b1*m^ + (1-b1)*g^) / (sqrt(v^ + eps_root) + eps) + weight_decay * p)",
        "Dozat 2016; Loshchilov and Hutter 2017, arXiv 1711.05101",
    ),
    "noisy_sgd": Prose(
        "Gradient descent with Gaussian noise whose variance falls with the step.",
        "u = -lr * (g + N(0, eta / (1+t)^gamma))",
        "Neelakantan et al. 2015, arXiv 1511.06807",
    ),
    "novograd": Prose(
        "Adam with one second moment a leaf: gradients are normalised by the norm of their leaf.",
        "u = -lr * m, m = b1*m + g / (sqrt(v) + eps) + weight_decay * p, v = b2*v + (1-b2)*norm(g)^2",
        "Ginsburg et al. 2019, arXiv 1905.11286",
    ),
    "optimistic_adam": Prose(
        "Adam with an optimistic correction, in the older form.",
        "u = -lr * d - optimism * (d - previous d), d Adam's direction",
        "Daskalakis et al. 2017, arXiv 1711.00141",
    ),
    "optimistic_adam_v2": Prose(
        "Adam that extrapolates from its last direction, for games and saddle points.",
        "u = -lr * ((alpha + beta)*d - beta * previous d), d Adam's direction",
        "Daskalakis et al. 2017, arXiv 1711.00141",
    ),
    "optimistic_gradient_descent": Prose(
        "Gradient descent that extrapolates from the last gradient, for games and saddle points.",
        "u = -lr * ((alpha + beta)*g - beta * previous g)",
        "Mokhtari et al. 2019, arXiv 1901.08511",
    ),
    "polyak_sgd": Prose(
        "Gradient descent whose step comes from the distance of the loss to its smallest value.",
        "u = -scaling * min(max_learning_rate, (value - f_min) / (norm(g)^2 + eps)) * g",
        "Loizou et al. 2020, arXiv 2002.10542",
    ),
    "radam": Prose(
        "Adam that leaves the second moment out until its estimate can be trusted.",
        "u = -lr * r * m^ / (sqrt(v^ + eps_root) + eps) once rho > threshold, else -lr * m^",
        "Liu et al. 2019, arXiv 1908.03265",
    ),
    "rmsprop": Prose(
        "Divides gradients by their running root mean square, with momentum if asked.",
        "u = -lr * g / sqrt(v + eps), v = decay*v + (1-decay)*g^2",
        "Tieleman and Hinton 2012; Graves 2013, arXiv 1308.0850",
    ),
    "rprop": Prose(
        "Grows an entry's own step while its gradient keeps its sign and shrinks it when the sign flips.",
        "u = -(s * sign(g) of the update before), s times eta_plus or eta_minus within its limits",
        "Riedmiller and Braun 1993",
    ),
    "sgd": Prose(
        "Gradient descent, with heavy-ball or Nesterov momentum if asked.",
        "u = -lr * m, m = g + momentum * m",
        "Sutskever et al. 2013",
    ),
    "sign_sgd": Prose(
        "Steps of one size in the sign of the gradient.",
        "u = -lr * sign(g)",
        "Bernstein et al. 2018, arXiv 1802.04434",
    ),
    "signum": Prose(
        "Steps of one size in the sign of the running mean of gradients.",
        "u = -lr * sign(m), m = beta*m + (1-beta)*g",
        "Bernstein et al. 2018, arXiv 1802.04434",
    ),
    "sm3": Prose(
        "AdaGrad in little memory: one accumulator for each row and column instead of each entry.",
        "u = -lr * m, m the mean of g / sqrt(v), v = g^2 + the least accumulator over an entry's axes",
        "Anil et al. 2019, arXiv 1901.11150",
    ),
    "yogi": Prose(
        "Adam whose second moment changes by a bounded amount, so it cannot collapse.",
        "u = -lr * m^ / (sqrt(v^) + eps), v = v - (1-b2) * sign(v - g^2) * g^2",
        "Zaheer et al. 2018, NeurIPS 31",
    ),
}

"""Prose of the stages of `optax` that do not descend by themselves: clips, scalings, wrappers, monitors."""

from optdsl.registry.row import Prose

STAGES: dict[str, Prose] = {
    "adaptive_grad_clip": Prose(
        "Shrinks the gradient of each unit to at most a fraction of the norm of its weights.",
        "u = g * min(1, clipping * max(norm(p), eps) / norm(g)), norms by unit",
        "Brock et al. 2021, arXiv 2102.06171",
    ),
    "add_decayed_weights": Prose(
        "Adds a multiple of the parameters to what passes.",
        "u = g + weight_decay * p",
        "Loshchilov and Hutter 2017, arXiv 1711.05101",
    ),
    "add_noise": Prose(
        "Adds Gaussian noise whose variance falls with the step.",
        "u = g + N(0, eta / (1+t)^gamma)",
        "Neelakantan et al. 2015, arXiv 1511.06807",
    ),
    "apply_every": Prose(
        "Sums what passes and lets the sum through at every k-th step, zeros between.",
        "u = sum of the last k gradients at every k-th step, else 0",
    ),
    "apply_if_finite": Prose(
        "Skips updates that are not finite, until too many of them come in a row.",
        "u = inner(g) where every entry is finite, else 0",
    ),
    "clip": Prose("Limits each entry to an interval around zero.", "u = max(-max_delta, min(g, max_delta))"),
    "clip_by_block_rms": Prose(
        "Shrinks each leaf so that its root mean square is at most the threshold.",
        "u = g / max(1, rms(g) / threshold), by leaf",
        "Shazeer and Stern 2018, arXiv 1804.04235",
    ),
    "clip_by_global_norm": Prose(
        "Shrinks all leaves together so that their joint norm is at most `max_norm`.",
        "u = g * min(1, max_norm / norm(g))",
        "Pascanu et al. 2012, arXiv 1211.5063",
    ),
    "conditionally_mask": Prose(
        "Runs the inner transform while a function of the step says so, and lets zeros through otherwise.",
        "u = inner(g) where should_transform_fn(t), else 0",
    ),
    "conditionally_transform": Prose(
        "Runs the inner transform while a function of the step says so, else lets gradients through.",
        "u = inner(g) where should_transform_fn(t), else g",
    ),
    "ema": Prose(
        "Replaces gradients by their running mean, corrected for bias unless told not to.",
        "u = m / (1 - decay^t), m = decay*m + (1-decay)*g",
    ),
    "flatten": Prose("Runs the inner transform on one vector that holds all leaves."),
    "identity": Prose("Passes everything through unchanged.", "u = g"),
    "keep_params_nonnegative": Prose(
        "Limits updates so that no parameter falls below zero.",
        "u = max(g, -p) where p >= 0, else 0",
    ),
    "lookahead": Prose(
        "Lets fast parameters run ahead and, at every sync, pulls them back to slowly moving ones.",
        "slow = slow + slow_step_size * (fast - slow) at every sync, then fast = slow",
        "Zhang et al. 2019, arXiv 1907.08610",
    ),
    "measure_with_ema": Prose("Passes gradients through and keeps a running mean of a measure of them in the state."),
    "monitor": Prose("Passes gradients through and keeps named measures of them in the state."),
    "normalize_by_update_norm": Prose(
        "Scales all leaves together to one joint norm.",
        "u = scale_factor * g / (norm(g) + eps)",
    ),
    "scale": Prose("Multiplies by a number, whose sign is kept.", "u = step_size * g"),
    "scale_by_adadelta": Prose(
        "Scales gradients by the ratio of running root mean squares of updates and of gradients.",
        "u = sqrt(x + eps) / sqrt(e + eps) * g, e and x the averages of g^2 and of squared steps",
        "Zeiler 2012, arXiv 1212.5701",
    ),
    "scale_by_adam": Prose(
        "Adam's direction, without a learning rate.",
        "u = m^ / (sqrt(v^ + eps_root) + eps), m = b1*m + (1-b1)*g, v = b2*v + (1-b2)*g^2",
        "Kingma and Ba 2014, arXiv 1412.6980",
    ),
    "scale_by_adamax": Prose(
        "Adamax's direction, without a learning rate.",
        "u = m^ / v, v = max(abs(g) + eps, b2*v)",
        "Kingma and Ba 2014, arXiv 1412.6980",
    ),
    "scale_by_adan": Prose(
        "Adan's direction, without a learning rate.",
        "u = (m^ + (1-b2)*d^) / (sqrt(n^ + eps_root) + eps), d the mean of gradient differences",
        "Xie et al. 2022, arXiv 2208.06677",
    ),
    "scale_by_amsgrad": Prose(
        "AMSGrad's direction, without a learning rate.",
        "u = m^ / (sqrt(max over time of v^ + eps_root) + eps)",
        "Reddi et al. 2018, arXiv 1904.09237",
    ),
    "scale_by_backtracking_linesearch": Prose(
        "Shortens the step until the loss falls enough along the direction that comes in.",
        "u = s * g, s the first of max_learning_rate * decrease_factor^i with sufficient decrease",
        "Armijo 1966",
    ),
    "scale_by_belief": Prose(
        "AdaBelief's direction, without a learning rate.",
        "u = m^ / (sqrt(s^) + eps), s = b2*s + (1-b2)*(g-m)^2 + eps_root",
        "Zhuang et al. 2020, arXiv 2010.07468",
    ),
    "scale_by_distance_over_gradients": Prose(
        "Sets each leaf's step from the farthest distance travelled over the gradients met.",
        "u = global_scale * g * max distance / sqrt(sum(norm(g)^2) + eps), by leaf",
        "Ivgi et al. 2023, arXiv 2302.12022",
    ),
    "scale_by_factored_rms": Prose(
        "Divides gradients by a root mean square that is kept as one row and one column a matrix.",
        "u = g / sqrt(row * column / mean(row))",
        "Shazeer and Stern 2018, arXiv 1804.04235",
    ),
    "scale_by_lbfgs": Prose(
        "Quasi-Newton direction from the last few gradient differences, without a step size.",
        "u = H g, H the inverse Hessian as the last `memory_size` differences give it",
        "Liu and Nocedal 1989",
    ),
    "scale_by_learning_rate": Prose(
        "Multiplies by minus the learning rate, as every optimizer of Optax does last.",
        "u = -learning_rate * g",
    ),
    "scale_by_lion": Prose(
        "Lion's direction, without a learning rate.",
        "u = sign(b1*m + (1-b1)*g), m = b2*m + (1-b2)*g",
        "Chen et al. 2023, arXiv 2302.06675",
    ),
    "scale_by_novograd": Prose(
        "NovoGrad's direction, without a learning rate.",
        "u = m, m = b1*m + g / (sqrt(v) + eps) + weight_decay * p, v = b2*v + (1-b2)*norm(g)^2",
        "Ginsburg et al. 2019, arXiv 1905.11286",
    ),
    "scale_by_optimistic_gradient": Prose(
        "Extrapolates from the last gradient.",
        "u = (alpha + beta)*g - beta * previous g",
        "Mokhtari et al. 2019, arXiv 1901.08511",
    ),
    "scale_by_param_block_norm": Prose(
        "Multiplies each leaf by the norm of its parameters.",
        "u = g * max(norm(p), min_scale), by leaf",
    ),
    "scale_by_param_block_rms": Prose(
        "Multiplies each leaf by the root mean square of its parameters.",
        "u = g * max(rms(p), min_scale), by leaf",
        "Shazeer and Stern 2018, arXiv 1804.04235",
    ),
    "scale_by_polyak": Prose(
        "Scales all leaves together by the distance of the loss to its smallest value.",
        "u = min(max_learning_rate, (value - f_min) / (norm(g)^2 + eps)) * g",
        "Loizou et al. 2020, arXiv 2002.10542",
    ),
    "scale_by_radam": Prose(
        "Rectified Adam's direction, without a learning rate.",
        "u = r * m^ / (sqrt(v^ + eps_root) + eps) once rho > threshold, else m^",
        "Liu et al. 2019, arXiv 1908.03265",
    ),
    "scale_by_rms": Prose(
        "Divides gradients by their running root mean square.",
        "u = g / sqrt(v + eps), v = decay*v + (1-decay)*g^2",
        "Tieleman and Hinton 2012",
    ),
    "scale_by_rprop": Prose(
        "Replaces gradients by steps that grow while the sign stays and shrink when it flips.",
        "u = s * sign(g) of the update before, s times eta_plus or eta_minus within its limits",
        "Riedmiller and Braun 1993",
    ),
    "scale_by_rss": Prose(
        "Divides gradients by the root of the sum of their squares so far.",
        "u = g / sqrt(sum(g^2) + eps)",
        "Duchi et al. 2011, JMLR 12",
    ),
    "scale_by_schedule": Prose("Multiplies by a value of the schedule, whose sign is kept.", "u = step_size_fn(t) * g"),
    "scale_by_sign": Prose(
        "Replaces each entry by its sign.", "u = sign(g)", "Bernstein et al. 2018, arXiv 1802.04434"
    ),
    "scale_by_sm3": Prose(
        "SM3's direction, without a learning rate.",
        "u = m, m the mean of g / sqrt(v), v = g^2 + b2 times the least accumulator over an entry's axes",
        "Anil et al. 2019, arXiv 1901.11150",
    ),
    "scale_by_stddev": Prose(
        "Divides gradients by their running standard deviation.",
        "u = g / sqrt(v - m^2 + eps)",
        "Graves 2013, arXiv 1308.0850",
    ),
    "scale_by_trust_ratio": Prose(
        "Gives each leaf's update the norm of the leaf's parameters.",
        "u = g * trust_coefficient * norm(p) / (norm(g) + eps), by leaf",
        "You et al. 2019, arXiv 1904.00962",
    ),
    "scale_by_yogi": Prose(
        "Yogi's direction, without a learning rate.",
        "u = m^ / (sqrt(v^ + eps_root) + eps), v = v - (1-b2) * sign(v - g^2) * g^2",
        "Zaheer et al. 2018, NeurIPS 31",
    ),
    "scale_by_zoom_linesearch": Prose(
        "Finds a step that lowers the loss enough and flattens its slope along the direction that comes in.",
        "u = s * g, s meeting the strong Wolfe conditions",
        "Nocedal and Wright 2006, Numerical Optimization, chapter 3",
    ),
    "set_to_zero": Prose("Replaces everything by zeros.", "u = 0"),
    "snapshot": Prose("Passes gradients through and keeps one named measure of the latest in the state."),
    "stateless": Prose("Applies a Python function of gradients and parameters.", "u = f(g, p)"),
    "stateless_with_tree_map": Prose(
        "Applies a Python function to each leaf of gradients and parameters.", "u = f(g, p), by leaf"
    ),
    "trace": Prose(
        "Momentum: a decaying sum of gradients.",
        "u = m, m = g + decay * m",
        "Polyak 1964",
    ),
    "zero_nans": Prose("Replaces entries that are not a number by zeros.", "u = 0 where g is NaN, else g"),
}

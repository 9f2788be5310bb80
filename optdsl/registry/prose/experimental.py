"""Prose of the transforms of `optax.contrib`."""

from optdsl.registry.row import Prose

EXPERIMENTAL: dict[str, Prose] = {
    "acprop": Prose(
        "Divides each gradient by the standard deviation known before it came.",
        "u = -lr * (g / (sqrt(s^) + eps) + weight_decay * p), s the past variance around the mean",
        "Zhuang et al. 2021, arXiv 2110.05454",
    ),
    "ademamix": Prose(
        "AdamW with a second, much slower mean of gradients added to the first.",
        "u = -lr * ((m1^ + alpha * m2) / (sqrt(v^ + eps_root) + eps) + weight_decay * p)",
        "Pagliardini et al. 2024, arXiv 2409.03137",
    ),
    "adopt": Prose(
        "Adam that normalises each gradient by the second moment before it, so any b2 converges.",
        "u = -lr * m, m = b1*m + (1-b1) * clip(g / max(sqrt(previous v), eps))",
        "Taniguchi et al. 2024, arXiv 2411.02853",
    ),
    "cocob": Prose(
        "Bets on the gradients of each entry, with no learning rate to tune.",
        "u = p0 - p + C * (L + R) / (L * max(G + L, alpha*L)), C = -sum(g), G = sum(abs(g)), L = max(abs(g))",
        "Orabona and Tommasi 2017, arXiv 1705.07795",
    ),
    "dadapt_adamw": Prose(
        "AdamW that estimates its own learning rate from the distance to the solution.",
        "u = -lr * d * Adam's direction, d a growing lower bound of the distance",
        "Defazio and Mishchenko 2023, arXiv 2301.07733",
    ),
    "differentially_private_aggregate": Prose(
        "Clips the gradient of each example, averages them and adds noise for privacy.",
        "u = (sum over examples of g * min(1, l2_norm_clip / norm(g)) + noise) / batch",
        "Abadi et al. 2016, arXiv 1607.00133",
    ),
    "dog": Prose(
        "Gradient descent whose rate is the farthest distance travelled over the gradients met.",
        "u = -lr * g * max distance / sqrt(sum(norm(g)^2) + eps)",
        "Ivgi et al. 2023, arXiv 2302.12022",
    ),
    "dowg": Prose(
        "Gradient descent whose rate is the distance travelled over distance-weighted gradients.",
        "u = -lr * g * d^2 / (sqrt(sum(d^2 * norm(g)^2)) + eps), d the farthest distance",
        "Khaled et al. 2023, arXiv 2305.16284",
    ),
    "dpsgd": Prose(
        "Gradient descent on gradients that are clipped by example and made noisy for privacy.",
        "u = -lr * (sum over examples of g * min(1, l2_norm_clip / norm(g)) + noise) / batch",
        "Abadi et al. 2016, arXiv 1607.00133",
    ),
    "galore": Prose(
        "Adam in little memory: its moments live in a low-rank projection of each matrix.",
        "u = -lr * scale * P d(P' g), P the leading `rank` singular vectors of g",
        "Zhao et al. 2024, arXiv 2403.03507",
    ),
    "hutchinson_estimator_diag_hessian": Prose(
        "Replaces gradients by a random estimate of the diagonal of the Hessian, for `sophia`.",
        "u = z * (H z), z random signs",
        "Hutchinson 1989",
    ),
    "madgrad": Prose(
        "Dual averaging with the cube root of summed squares, pulled towards its target by momentum.",
        "z = p0 - s / (cbrt(v) + eps), u = (1 - momentum) * (z - p)",
        "Defazio and Jelassi 2021, arXiv 2101.11075",
    ),
    "mechanize": Prose(
        "Tunes the size of another optimizer's total step while it trains.",
        "p = p0 + s * sum of inner updates, s learnt online",
        "Cutkosky et al. 2023, arXiv 2306.00144",
    ),
    "momo": Prose(
        "Momentum whose rate comes from a model of the loss, with a known lower bound.",
        "u = -min(lr, max(model(p) - lower_bound, 0) / norm(m)^2) * m",
        "Schaipp et al. 2023, arXiv 2305.07583",
    ),
    "momo_adam": Prose(
        "Adam whose rate comes from a model of the loss, with a known lower bound.",
        "u = -min(lr, max(model(p) - lower_bound, 0) / norm(m)^2) * m / (sqrt(v^) + eps), Adam's norm",
        "Schaipp et al. 2023, arXiv 2305.07583",
    ),
    "muon": Prose(
        "Makes the momentum of each matrix orthogonal; other leaves get AdamW.",
        "u = -lr * orthogonal(m), m = beta*m + (1-beta)*g, by Newton-Schulz iteration",
        "Jordan et al. 2024, kellerjordan.github.io/posts/muon",
    ),
    "normalize": Prose("Scales all leaves together to a joint norm of one.", "u = g / norm(g)"),
    "prodigy": Prose(
        "Adam that estimates its own learning rate, and faster than D-Adaptation does.",
        "u = -lr * d * Adam's direction, d a growing estimate of the distance to the solution",
        "Mishchenko and Defazio 2023, arXiv 2306.06101",
    ),
    "reduce_on_plateau": Prose(
        "Shrinks updates by a factor whenever the loss has stopped falling for a while.",
        "u = s * g, s times `factor` after `patience` steps without progress",
    ),
    "sam": Prose(
        "Climbs to a worse point nearby and descends with the gradient found there, for flat minima.",
        "u = optimizer(gradient at p + adversarial step), every sync_period steps",
        "Foret et al. 2020, arXiv 2010.01412",
    ),
    "scale_by_acprop": Prose(
        "ACProp's direction, without a learning rate.",
        "u = g / (sqrt(s^) + eps), s the past variance around the mean",
        "Zhuang et al. 2021, arXiv 2110.05454",
    ),
    "scale_by_ademamix": Prose(
        "AdEMAMix's direction, without a learning rate.",
        "u = (m1^ + alpha * m2) / (sqrt(v^ + eps_root) + eps)",
        "Pagliardini et al. 2024, arXiv 2409.03137",
    ),
    "scale_by_adopt": Prose(
        "ADOPT's direction, without a learning rate.",
        "u = m, m = b1*m + (1-b1) * clip(g / max(sqrt(previous v), eps))",
        "Taniguchi et al. 2024, arXiv 2411.02853",
    ),
    "scale_by_cocob": Prose(
        "COCOB's step, which already descends and needs no learning rate.",
        "u = p0 - p + C * (L + R) / (L * max(G + L, alpha*L)), C = -sum(g), G = sum(abs(g)), L = max(abs(g))",
        "Orabona and Tommasi 2017, arXiv 1705.07795",
    ),
    "scale_by_galore": Prose(
        "GaLore's direction: another scaling, run in a low-rank projection of each matrix.",
        "u = scale * P d(P' g), P the leading `rank` singular vectors of g",
        "Zhao et al. 2024, arXiv 2403.03507",
    ),
    "scale_by_madgrad": Prose(
        "MADGRAD's step, which already carries its learning rate and descends.",
        "z = p0 - s / (cbrt(v) + eps), u = (1 - momentum) * (z - p)",
        "Defazio and Jelassi 2021, arXiv 2101.11075",
    ),
    "scale_by_muon": Prose(
        "Muon's direction: the momentum of each matrix made orthogonal, without a learning rate.",
        "u = orthogonal(m), m = beta*m + (1-beta)*g, by Newton-Schulz iteration",
        "Jordan et al. 2024, kellerjordan.github.io/posts/muon",
    ),
    "scale_by_simplified_ademamix": Prose(
        "Simplified AdEMAMix's direction, without a learning rate.",
        "u = (m + alpha * g) / (sqrt(v^ + eps_root) + eps), m = b1*m + g",
        "Morwani et al. 2025, arXiv 2502.02431",
    ),
    "schedule_free": Prose(
        "Replaces the schedule of another optimizer by an average of its iterates.",
        "z = z + inner update, x the weighted average of z, p = b1*x + (1-b1)*z",
        "Defazio et al. 2024, arXiv 2405.15682",
    ),
    "schedule_free_adamw": Prose(
        "AdamW that needs no schedule: gradients are taken between the iterate and its average.",
        "z = z - lr * RMSprop direction, x the weighted average of z, p = b1*x + (1-b1)*z",
        "Defazio et al. 2024, arXiv 2405.15682",
    ),
    "schedule_free_sgd": Prose(
        "Gradient descent that needs no schedule: gradients are taken between the iterate and its average.",
        "z = z - lr * g, x the weighted average of z, p = b1*x + (1-b1)*z",
        "Defazio et al. 2024, arXiv 2405.15682",
    ),
    "simplified_ademamix": Prose(
        "AdEMAMix with one mean of gradients, plus a multiple of the newest.",
        "u = -lr * ((m + alpha * g) / (sqrt(v^ + eps_root) + eps) + weight_decay * p), m = b1*m + g",
        "Morwani et al. 2025, arXiv 2502.02431",
    ),
    "sophia": Prose(
        "Divides momentum by an estimate of the Hessian's diagonal and clips the quotient.",
        "u = -lr * (clip(m^ / max(gamma * h, eps), clip_threshold) + weight_decay * p)",
        "Liu et al. 2023, arXiv 2305.14342",
    ),
    "split_real_and_imaginary": Prose(
        "Runs the inner transform on the real and imaginary parts of complex leaves, as two real leaves.",
        "u = inner(real g) + i * inner(imaginary g)",
    ),
}

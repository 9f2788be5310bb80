"""The pages that other files of the repository hold already: recipes from examples/, the syntax from grammar/.

In: examples/*.opt, the table of examples/README.md, grammar/optdsl.lark. Out: Markdown. When to reach for a recipe is
said here; it knows nothing of the registry.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

from catalogue_words import WIDTH, fenced, linked

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
GRAMMAR = ROOT / "grammar" / "optdsl.lark"
PER_RUN = {"total": 100_000, "epoch_steps": 500}

WHEN = {
    "accumulation": "The batch that you want does not fit, or single batches sometimes give gradients that are not "
    "finite.",
    "adafactor": "The optimizer's state does not fit beside the model, and the model is fine-tuned, not trained from "
    "nothing.",
    "decay_table": "You have a table of paths with a number for each, and want it in one readable place.",
    "ema_evaluation": "The loss stays noisy to the end, and what you use later is where it hovers, not where it ends.",
    "frozen_backbone": "A pretrained part moves less than a new one, and some of it not at all.",
    "gan_discriminator": "The second of two programs that train against each other.",
    "gan_generator": "Two networks train against each other, each with a program of its own.",
    "interactive": "You look at the run and turn the rate by hand, or another program does.",
    "llm_pretraining": "Long pretraining whose length may still be extended: the stable stretch can be trained on, the "
    "decay comes last.",
    "lora": "Few new parameters beside many frozen ones; the frozen ones must cost nothing.",
    "muon": "Hidden weights are matrices, and you want to try Muon without losing AdamW for the rest.",
    "nerf": "Groups of parameters settle at different times.",
    "ppo": "Reinforcement learning over a fixed number of updates.",
    "ranger": "You combine known parts under a name of your own.",
    "resnet": "Convolutional classification, trained from nothing, with the classical three stairs.",
    "schedule_free": "You do not know how long you will train. Evaluate with `opt.eval_params(params, state)`.",
    "transformer": "You reproduce work that used the original schedule.",
    "vit_finetuning": "A pretrained transformer is tuned on a small data set, and lower blocks should move less.",
}


class Recipe(NamedTuple):
    """A row of the table in examples/README.md."""

    name: str
    origin: str
    holes: str


def recipes() -> tuple[Recipe, ...]:
    """Returns the rows of the table; a row without a file, or a file without a row, is a mistake."""
    rows = re.findall(r"^\| `(\w+)\.opt` \| .*? \| (.*?) \|(.*?)\|$", _read(EXAMPLES / "README.md"), re.MULTILINE)
    found = tuple(Recipe(*(cell.strip() for cell in row)) for row in rows)
    files = {path.stem for path in EXAMPLES.glob("*.opt")}
    if files != {recipe.name for recipe in found} or files != set(WHEN):
        raise SystemExit("examples/*.opt, the table of examples/README.md and WHEN in cookbook_pages.py differ")
    return found


def cookbook_text() -> str:
    """Returns the page of recipes."""
    about = (
        "Optimizers of real projects, each a file of `examples/` that runs as it is. A test compares every one of them "
        "with hand-written Optax over five updates. Selectors name the paths of the model that a recipe is for; "
        "where your model has others, [E402](codes/E402.md) names the nearest ones. Holes with `??` have a default; "
        "`optdsl explain FILE --params SHAPES.json` shows what a recipe does to your model."
    )
    blocks = ["# Cookbook", fill(about, WIDTH, break_on_hyphens=False)]
    blocks += [block for recipe in recipes() for block in _recipe(recipe)]
    return "\n\n".join(blocks) + "\n"


def _recipe(recipe: Recipe) -> Iterator[str]:
    comment, _, program = _read(EXAMPLES / f"{recipe.name}.opt").partition("\n")
    yield f"## {recipe.name.replace('_', ' ').capitalize()}"
    yield fill(f"{comment.removeprefix('# ')} When: {_lowered(WHEN[recipe.name])}", WIDTH, break_on_hyphens=False)
    required = [name for name in PER_RUN if re.search(rf"(?<!\[)\b{name}\b", recipe.holes)]
    given = "".join(f" {name}={PER_RUN[name]}" for name in required)
    yield fenced(f"optdsl{given}", program.rstrip("\n"))
    wanted = f" Wants {' and '.join(f'`{name}`' for name in required)}." if required else ""
    yield f"File: `examples/{recipe.name}.opt`.{wanted} From: {linked(recipe.origin)}."


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def grammar_text() -> str:
    """Returns the grammar, section by section."""
    about = (
        "The whole syntax of version 1, as `grammar/optdsl.lark` has it, the file that the parser is built from. It is "
        "LALR(1) without conflicts: there is one way to read a program. Rules stand in order of precedence, loosest "
        "first. A line that begins with `//` is a piece of text that the rule below matches. `?` is none or one, `*` "
        "any number, `+` one or more, `|` or. What the constructs mean is in [the language](language.md)."
    )
    blocks = ["# Grammar", fill(about, WIDTH, break_on_hyphens=False)]
    for heading, rules in _sections(_read(GRAMMAR)):
        blocks += [f"## {heading.capitalize()}", fenced("text", rules)]
    return "\n\n".join(blocks) + "\n"


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Yields headings with their rules, without what only the parser's builder reads."""
    _, _, rules = text.partition("\n\n")
    parts = re.split(r"^// -+ (.+?) -+$", f"// ---- programs ----\n{rules}", flags=re.MULTILINE)
    for heading, part in zip(parts[1::2], parts[2::2], strict=True):
        bare = re.sub(r"[ ]+-> \w+$|^%ignore .*\n?", "", part, flags=re.MULTILINE)
        bare = re.sub(r"^\?(?=\w)", "", bare, flags=re.MULTILINE)
        yield heading, re.sub(r"\n{3,}", "\n\n", bare).strip("\n")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")

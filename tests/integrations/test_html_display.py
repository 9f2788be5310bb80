"""What a notebook shows of programs, optimizers and findings: all text is there, escaped; pictures are pictures."""

import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import optdsl
from optdsl.diagnostics.render import render
from optdsl.integrations import html, pictures

ROOT = Path(__file__).parents[2]
TAGS = {*"pre span p small code table thead tbody tr th td br img".split()}
ATTRIBUTES = {"style", "alt", "src"}
HOSTILE = "<script>alert(1)</script><img onerror=x> &amp; \"q\" 'q' -->"


class Page(HTMLParser):
    """Reads HTML as a browser does, as far as it matters here: tags that are known and end in order, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.images: list[dict[str, str | None]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def png_of(image: dict[str, str | None]) -> bytes:
    source = image["src"]
    assert source is not None
    kind, _, data = source.partition(",")
    assert kind == "data:image/png;base64"
    return b64decode(data, validate=True)


# ---- programs


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00")))
def test_any_text_in_colours(text: str) -> None:
    assert Page(html.highlighted(text)).text.rstrip() == text.rstrip()


def test_a_program() -> None:
    shown = optdsl.parse(f"clip( 1.0 ) | adam(:rate, b1=:b1 ?? 0.9)  # {HOSTILE}")._repr_html_()
    page = Page(shown)
    assert page.text == f"clip( 1.0 ) | adam(:rate, b1=:b1 ?? 0.9)  # {HOSTILE}holes: :b1, :rate"
    assert '<span style="color: #1F7AE0">clip</span>' in shown


def test_values_put_over_a_program() -> None:
    program = optdsl.parse("sgd(:rate)").replace({"sgd.momentum": "<b>"})
    assert Page(program._repr_html_()).text == "sgd(:rate)with sgd.momentum = '<b>'holes: :rate"


def test_a_long_program_keeps_its_lines() -> None:
    text = (ROOT / "examples" / "transformer.opt").read_text(encoding="utf-8")
    assert text.rstrip() in Page(html.program(optdsl.parse(text))).text


# ---- findings


def test_a_finding() -> None:
    found = optdsl.check(f"adm(1e-3)  # {HOSTILE}")
    page = Page(found[0]._repr_html_())
    assert page.text == render(found[0]).rstrip()
    assert HOSTILE in page.text


def test_an_error_shows_all_findings() -> None:
    with pytest.raises(optdsl.OptdslError) as caught:
        optdsl.compile("clip(1.0) | adam(1e-3, b3=0.9) | adm(1)")
    shown = caught.value._repr_html_()
    assert [code for code in ("E202", "E201") if f"error[{code}]" in shown] == ["E202", "E201"]
    assert "".join(render(each).rstrip() for each in caught.value.diagnostics) == Page(shown).text


def test_severities_look_different() -> None:
    programs = ("adm(1)", "clip(1.0) | sgd(0.1) | clip(1.0)", "adam(0 -> linear(1e-3, 10))")
    found = [finding for text in programs for finding in optdsl.check(text)]
    assert {finding.severity for finding in found} == set(html.SEVERITIES)
    for finding in found:
        assert f"border-left:3px solid {html.SEVERITIES[finding.severity]}" in html.findings([finding])


def test_no_findings() -> None:
    assert Page(html.findings([])).text == "no findings"


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_colours_can_be_read_on_white_and_on_black() -> None:
    shown = html.findings([*optdsl.check("adm(1)"), *optdsl.check("adam(0 -> linear(1e-3, 10))")])
    shown += html.program(optdsl.parse("a = 1; clip(max_delta=a) | adam(warmup(9), b1=:b) where 'x' or kernel  # c"))
    colours = {found.lower() for found in re.findall(r"color: ?(#[0-9A-Fa-f]{6})", shown)}
    assert len(colours) >= 7
    for colour in colours:
        assert 1.05 / (luminance(colour) + 0.05) >= 4, colour
        assert (luminance(colour) + 0.05) / (luminance("#111111") + 0.05) >= 3.5, colour


# ---- optimizers


def test_an_optimizer() -> None:
    opt = optdsl.compile("clip(1.0) | adamw(0 -> linear(1e-3, 5%), weight_decay=0.1 where 'a<b/**')", total=100)
    page = Page(opt._repr_html_())
    assert page.text.startswith(opt.text)
    assert "weight_decay=0.1 where 'a<b/**' else 0.0" in page.text
    assert "Loshchilov and Hutter 2017" in page.text
    (image,) = page.images
    assert image["alt"] == "adamw.learning_rate = 0 -> linear(1e-3, 5)"
    assert png_of(image).startswith(b"\x89PNG\r\n\x1a\n")


def test_an_optimizer_without_schedules_has_no_picture() -> None:
    assert Page(optdsl.compile("clip(1.0) | adam(1e-3)")._repr_html_()).images == []


def test_the_same_schedules_are_drawn_once() -> None:
    one = optdsl.compile("sgd(0 -> linear(0.1, 30))")
    before = pictures._drawn.cache_info().misses
    shown = [one._repr_html_(), one._repr_html_()]
    assert shown[0] == shown[1]
    assert pictures._drawn.cache_info().misses <= before + 1


def test_without_matplotlib_schedules_are_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "find_spec", lambda name: None)
    page = Page(optdsl.compile("sgd(0.5 -> linear(0.25, 12))")._repr_html_())
    assert page.images == []
    assert "sgd.learning_rate" in page.text
    assert "⠉" in page.text


def test_a_population_says_what_it_cannot_draw() -> None:
    members = [optdsl.compile(f"adam(0 -> linear({rate}, 10))") for rate in (0.1, 0.2)]
    page = Page(optdsl.stack(members)._repr_html_())
    assert page.images == []
    assert page.text.endswith("left out: adam.learning_rate: it depends on the host")


def test_more_schedules_than_a_picture_has_room_for() -> None:
    text = " | ".join(f"scale_by_schedule({n} -> linear(0, 10)) as s{n}" for n in range(1, 27))
    drawn = pictures.pictures(optdsl.compile(f"{text} | sgd(0.1)").meaning.chain)
    assert drawn.html.count("<img") == 1
    assert drawn.html.count("the picture is full") == 2


def loaded(code: str) -> Iterator[str]:
    names = "'matplotlib', 'IPython', 'jax', 'pygments'"
    code += f"\nimport sys; print(*[name for name in ({names}) if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    yield from done.stdout.split()


def test_what_is_loaded_when() -> None:
    assert list(loaded("import optdsl; optdsl.check('adm(1)')")) == []
    assert list(loaded("import optdsl; optdsl.parse('adam(1)')._repr_html_()")) == ["pygments"]

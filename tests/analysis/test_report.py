"""The report and its charts: complete in itself, true to the tables, safe from what files hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pandas as pd
import pytest

from analysis.charts import centrality_figure
from analysis.report import kinds_present, report_html
from analysis.report_facts import changes, episode_facts
from analysis.report_parts import places_part, render
from analysis.results import Results
from analysis.scene_grid import scene_grid
from analysis.summary import summary
from analysis.theme_charts import scene_figure, scene_heatmap, theme_figure
from analysis.theme_facts import theme_peaks
from analysis.voice_charts import character_figure, characters_figure
from character_network import NO_NAMES, centrality
from theme_classifier import episode_curves
from utils.episodes import Episode
from utils.reading.timecodes import timecode

HOSTILE = "</script><img src=http://evil.example/x onerror=alert(1)>\"'{{7*7}}${8*8}\u2028<!--"


class _Page(HTMLParser):
    """Collects the elements that a browser would find, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page(results: Results) -> str:
    return report_html(results)


def test_the_page_is_complete_in_itself(page: str) -> None:
    found = _Page(page)
    for tag, attributes in found.elements:
        for name in ("src", "href", "srcset", "action", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:")), f"<{tag} {name}={value}>"
    styles = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    assert styles
    assert not re.search(r"@import|url\(", "".join(styles))


def test_each_library_is_inside_once(page: str) -> None:
    assert page.count("plotly.js v") == 1
    assert page.count("vis-network\n * https://visjs.github.io") == 1


def test_the_page_has_its_sections_in_order(page: str) -> None:
    found = _Page(page)
    links = [attributes["href"] for attributes in found.all("a")]
    sections = [f"#{attributes['id']}" for attributes in found.all("section") if "id" in attributes]
    assert links == sections
    assert len(sections) == 9
    assert len(found.all("h1")) == 1


def test_every_drawing_has_a_description(page: str) -> None:
    drawings = [a for _, a in _Page(page).elements if a.get("role") == "img"]
    assert len(drawings) >= 2 + 1 + 3
    assert all(drawing.get("aria-label") for drawing in drawings)


def test_numbers_of_the_tables_are_on_the_page(page: str, results: Results) -> None:
    known = f"{results.dialogue['speaker'].notna().mean():.0%}"
    best = centrality(results.edges).iloc[0]
    for words in (
        f"<dd>{len(results.dialogue)}</dd>",
        f"<dd>{known}</dd>",
        "all-MiniLM-L6-v2 (embedded)",
        "The Long Static",
        f'<th scope="row">{best["character"]}</th><td class="n">{best["weighted_degree"]:,.0f}</td>',
    ):
        assert words in page


@pytest.mark.parametrize("where", ["names", "labels", "saying", "place"])
def test_hostile_texts_stay_texts(make_results: Callable[..., Results], where: str) -> None:
    given = {
        "names": {"names": ("Mike", HOSTILE, "Dustin", "Hopper")},
        "labels": {"labels": ("Hope", HOSTILE, "Trust")},
        "saying": {"saying": HOSTILE},
        "place": {"place": HOSTILE},
    }
    safe, hostile = _Page(report_html(make_results())), _Page(report_html(make_results(**given[where])))
    for tag in ("script", "style", "img", "iframe", "a"):
        assert len(hostile.all(tag)) == len(safe.all(tag))
    assert not any("onerror" in attributes for _, attributes in hostile.elements)


def test_texts_reach_plotly_escaped(make_results: Callable[..., Results]) -> None:
    labels, names = (
        ("Hope", '<a href="http://evil.example">x</a>', "Trust"),
        ("<i>Mike</i>", "Eleven", "Dustin", "Hopper"),
    )
    hostile = make_results(labels=labels, names=names, saying="<b>x</b>")
    for figure in (
        theme_figure(hostile.themes, hostile.theme_turns),
        scene_heatmap(hostile.themes, hostile.theme_turns, hostile.dialogue),
        scene_figure(hostile.themes, hostile.theme_turns, hostile.dialogue, Episode(1, 1)),
        characters_figure(hostile.theme_turns),
        character_figure(hostile.theme_turns, "<i>Mike</i>"),
    ):
        drawn = json.loads(figure.to_json())
        assert "<a " not in json.dumps(drawn)
        assert "<b>x" not in json.dumps(drawn["data"])
        assert "<i>" not in json.dumps(drawn)


def test_curves_are_those_of_the_table(results: Results) -> None:
    curves, figure = episode_curves(results.themes), theme_figure(results.themes, results.theme_turns)
    assert [trace.name for trace in figure.data] == results.theme_labels
    for trace in figure.data:
        assert list(trace.x) == ["S01E01", "S01E02"]
        assert list(trace.y) == pytest.approx(curves[trace.name].tolist(), abs=1e-4)


def test_seasons_are_set_apart(results: Results) -> None:
    twice = [pd.concat([table, table.assign(season=2)]) for table in (results.themes, results.theme_turns)]
    assert len(theme_figure(results.themes, results.theme_turns).layout.shapes) == 0
    assert len(theme_figure(*twice).layout.shapes) == 1


def test_the_heat_map_shows_each_scene_at_its_time(results: Results) -> None:
    grid = scene_grid(results.themes, results.dialogue)
    assert [str(episode) for episode in grid.episodes] == ["S01E01", "S01E02"]
    assert grid.unit == "minute"
    # Scenes begin at 0, 80 and 160 seconds; steps are half a minute long and looked at in their middle.
    assert grid.scenes[0] == [0, 0, 0, 1, 1, 2, 2, 2]
    assert grid.scenes[1] == [3, 3, 3, 4, 4, 5, 5, 5]
    assert grid.positions[:3] == [0, 0.5, 1]
    figure = scene_heatmap(results.themes, results.theme_turns, results.dialogue)
    assert len(figure.data) == len(results.theme_labels)
    assert figure.data[0].z[0][3] == pytest.approx(results.themes["Hope"][1], abs=1e-3)


def test_episodes_that_begin_late_and_end_early_leave_room(results: Results) -> None:
    dialogue = results.dialogue.copy()
    first = dialogue["episode"] == 1
    dialogue.loc[first, ["start", "end"]] += 120.0
    grid = scene_grid(results.themes, dialogue)
    assert grid.scenes[0][:4] == [None, None, None, None]
    assert grid.scenes[0][4] == 0
    assert grid.scenes[1][-1] is None


def test_without_times_lines_are_the_axis(results: Results) -> None:
    untimed = results.dialogue.assign(start=float("nan"), end=float("nan"))
    grid = scene_grid(results.themes, untimed)
    assert grid.unit == "line"
    assert grid.scenes[0] == [0, 1, 2]
    peak = theme_peaks(results.themes, results.theme_turns, untimed)["Hope"][0]
    assert re.fullmatch(r"S01E0\d line \d+", peak.place)


def test_the_heat_map_follows_the_rows_of_a_shuffled_table(results: Results) -> None:
    shuffled = results.themes.sample(frac=1, random_state=1)
    one, other = (
        scene_heatmap(themes, results.theme_turns, results.dialogue).data[0] for themes in (results.themes, shuffled)
    )
    assert [list(row) for row in one.z] == [list(row) for row in other.z]
    assert [list(row) for row in one.text] == [list(row) for row in other.text]


def test_centrality_bars_are_those_of_the_table(results: Results) -> None:
    people = centrality(results.edges)
    bars = centrality_figure(people).data[0]
    assert list(bars.x) == pytest.approx(people["weighted_degree"].tolist())


def test_peaks_quote_the_evidence_line(results: Results) -> None:
    found = theme_peaks(results.themes, results.theme_turns, results.dialogue, most=2)
    assert list(found) == results.theme_labels
    for label, scenes in found.items():
        assert [peak.score for peak in scenes] == sorted(results.themes[label], reverse=True)[:2]
        for peak in scenes:
            assert peak.line in set(results.dialogue["text"])


def test_episode_facts_name_the_strongest_theme(results: Results) -> None:
    curves = episode_curves(results.themes)[results.theme_labels]
    facts = episode_facts(results)
    assert [fact.label for fact in facts] == ["S01E01", "S01E02"]
    assert [fact.theme for fact in facts] == curves.idxmax(axis=1).tolist()
    assert [(fact.lines, fact.scenes) for fact in facts] == [(24, 3), (24, 3)]


def test_changes_name_what_moved_most(results: Results) -> None:
    (change,) = changes(results)
    curves = episode_curves(results.themes)[results.theme_labels]
    moved = curves.iloc[1] - curves.iloc[0]
    assert change.label == "S01E01 → S01E02"
    assert change.rise is None or change.rise.name == moved.idxmax()
    assert change.fall is None or change.fall.name == moved.idxmin()
    assert change.tie is not None
    assert change.tie.after > change.tie.before


def test_one_episode_has_nothing_to_compare(results: Results, make_results: Callable[..., Results]) -> None:
    first = {name: getattr(results, name) for name in ("dialogue", "themes", "edges")}
    alone = make_results(**{name: table[table["episode"] == 1] for name, table in first.items()})
    assert changes(alone) == []
    assert "nothing to compare" in report_html(alone)


def test_without_names_and_places_the_page_says_so(results: Results, make_results: Callable[..., Results]) -> None:
    bare = make_results(edges=results.edges.head(0), places=results.places.head(0), mentions=results.mentions.head(0))
    page = report_html(bare)
    assert NO_NAMES in page
    assert NO_NAMES in list(summary(bare))
    assert "names none of the places" in page
    assert changes(bare)[0].tie is None


def test_ties_without_any_together_are_no_trouble(results: Results, make_results: Callable[..., Results]) -> None:
    told = list(summary(make_results(edges=results.edges[results.edges["kind"] == "speaks_to"])))
    assert NO_NAMES not in told


def test_kinds_that_are_missing_are_not_offered(results: Results) -> None:
    assert kinds_present(results.edges)[0] == "together"
    only = results.edges[results.edges["kind"] == "together"]
    assert kinds_present(only) == ["together"]


def test_places_are_escaped_and_barred(results: Results) -> None:
    part = places_part(results.places.assign(name="<i>x</i>"))
    assert "&lt;i&gt;x&lt;/i&gt;" in part
    assert "width:90%" in part


def test_a_template_that_lacks_a_value_fails() -> None:
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        render("places.html")


@pytest.mark.parametrize(("seconds", "written"), [(0, "0:00:00"), (3725.9, "1:02:05"), (float("nan"), "")])
def test_timecodes(seconds: float, written: str) -> None:
    assert timecode(seconds) == written

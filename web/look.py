"""How the app looks: fonts that every machine has, nothing fetched from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analysis.report_parts import parts_style

if TYPE_CHECKING:
    import gradio as gr

__all__ = ["look", "part"]

_FONTS: Final = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
_MONO: Final = ("ui-monospace", "Consolas", "monospace")
_SCRIPT: Final = Path(__file__).with_name("frame.js")
_STYLE: Final = """
.gradio-container {
  --ink: var(--body-text-color); --muted: #5c6675; --rule: var(--border-color-primary); --accent: #b3282d;
  --panel: var(--block-background-fill); width: 100% !important; max-width: 78rem !important; margin: 0 auto !important;
}
.dark .gradio-container { --muted: #9aa4b2; --accent: #d9524f }
.hawkins-part { color: var(--ink); line-height: 1.5 }
.hawkins-part p { margin: .3rem 0 }
.hawkins-bar { align-items: flex-end !important }
.hawkins-bar button.lg { min-height: 2.9rem }
.hawkins-head h1 { margin: .4rem 0 0; font-size: 1.7rem; font-weight: 700; letter-spacing: -.01em; color: var(--ink) }
.hawkins-head p { margin: .1rem 0 0; color: var(--muted) }
.hawkins-part > .html-container, .hawkins-head > .html-container { padding: 0 !important }
.hawkins-part > h3 { margin: .8rem 0 0; font-size: 1.08rem; font-weight: 650; color: var(--ink) }
.hawkins-frame {
  width: 100%; height: 50rem; border: 1px solid var(--rule); border-radius: 10px; background: var(--panel);
}
.gradio-container input[type=range]::-webkit-slider-thumb { border: 2px solid var(--slider-color) }
@media (max-width: 640px) { .hawkins-frame { height: 40rem } }
"""


def _theme() -> gr.Theme:
    import gradio as gr

    return gr.themes.Default(primary_hue="red", neutral_hue="slate", font=_FONTS, font_mono=_MONO)


def part(content: str | None = None, *, least_height: int | None = None) -> gr.HTML:
    """Return a component for HTML of ours, in the style of the report.

    Args:
        content: What it shows at first.
        least_height: In pixels; leaves room for a bar where nothing is shown yet.
    """
    import gradio as gr

    return gr.HTML(content, elem_classes="hawkins-part", apply_default_css=False, min_height=least_height)


def look() -> dict[str, Any]:
    """Return the keyword arguments of ``launch`` that decide the looks."""
    # In the head, because Gradio rewrites what it is given as css and loses rules with child selectors.
    head = f"<style>{parts_style()}{_STYLE}</style><script>{_SCRIPT.read_text(encoding='utf-8')}</script>"
    return {"theme": _theme(), "head": head, "footer_links": []}

"""The web app: one file a tab, and no analysis of its own."""

from web.app import build_app, serve

__all__ = ["build_app", "serve"]

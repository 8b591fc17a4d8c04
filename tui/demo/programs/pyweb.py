"""The Flask application of the demo's sites: one page from a template, one that reads its environment."""

from __future__ import annotations

import os

from flask import Flask, render_template

app = Flask(__name__)


@app.route("/")
def index() -> str:
    """A page from a template."""
    return render_template("index.html", site=os.environ.get("SITE_NAME", "pyweb"), pid=os.getpid())


@app.route("/environment")
def environment() -> dict[str, str]:
    """What gunicorn's `raw_env` has set for this site."""
    return {"site": os.environ.get("SITE_NAME", ""), "greeting": os.environ.get("SITE_GREETING", "")}

"""The console's one blueprint; each page module adds its views to it."""

from flask import Blueprint

bp = Blueprint(
    "console",
    "server.console",
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)

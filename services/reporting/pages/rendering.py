"""From what a page shows to its HTML: templates that escape by themselves, one stylesheet in each page, no script."""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from recouvra.contracts.pages.frame import BASE
from services.reporting.pages import writing
from services.reporting.pages.links import Here
from services.reporting.pages.reports import REPORTS

_ROOM = Path(__file__).parent
_LOOK = BASE + (_ROOM / "look.css").read_text("utf-8")
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_ROOM / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

POLICY = (
    "default-src 'none'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_LOOK.encode()).digest()).decode()}'"
)
"""What a browser may do with a page: show it with this very stylesheet, send its form here, and nothing else."""


def _edition() -> str:
    told = blake2b(_LOOK.encode(), digest_size=8)
    for file in sorted([*_ROOM.glob("*.py"), *_ROOM.glob("templates/*.html")]):
        told.update(file.read_bytes())
    return told.hexdigest()


EDITION = _edition()
"""Changes with whatever makes a page: a page that was held is worth nothing after an upgrade."""


def rendered(template: str, here: Here, **shown: Any) -> str:
    """A page, whole, in its reader's language."""

    def say(fr: str, en: str) -> str:
        return en if here.lang == "en" else fr

    return _ENVIRONMENT.get_template(f"{template}.html").render(
        here=here,
        lang=here.lang,
        look=Markup(_LOOK),
        reports=REPORTS,
        say=say,
        instant=partial(writing.instant, lang=here.lang),
        written=partial(writing.written, lang=here.lang),
        **shown,
    )

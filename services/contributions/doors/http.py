"""The HTTP door: declarations, posted and rehearsed, accounts and careers, what waits, money in suspense."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from recouvra.chassis.batch import Reading
from recouvra.chassis.http import create_app
from recouvra.chassis.settings import Settings
from services.contributions.doors.accounts import add_accounts
from services.contributions.doors.declarations import add_declarations
from services.contributions.doors.declarers import DECLARES
from services.contributions.doors.posted import add_posted
from services.contributions.doors.suspense import add_suspense


def create_api(settings: Settings, migrations: Sequence[str], reading: Reading) -> FastAPI:
    """The app with contributions' own routes; nothing opens before the first request."""
    app, face = create_app(
        "contributions",
        "Ce qui est dû, reçu, placé / what is due, received, placed",
        settings,
        migrations,
        reading,
        declares=DECLARES,
    )
    add_declarations(app, face)
    add_posted(app, face)
    add_accounts(app, face)
    add_suspense(app, face)
    return app

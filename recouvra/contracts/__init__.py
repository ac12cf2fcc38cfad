"""What travels: every event of the published language, its envelope, and the codes that answer it.

Imports nothing but pydantic and the standard library, so that a payroll vendor can use it alone. One file per event
(`payroll_declared.py`, `payment_reported.py`, ...); `topics.py` says which topic carries which event and who reads and
writes it; `reading.py` turns a record's bytes into an event or a refusal; `schemas/` and `asyncapi.json` are the same
contracts for those who do not write Python (`python -m recouvra.contracts.export`).
"""

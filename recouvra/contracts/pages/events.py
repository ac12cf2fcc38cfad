"""The AsyncAPI document as a page: every event with its topic, its key, who sends and who reads it, and its fields."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from recouvra.contracts.pages.fields import fields_table
from recouvra.contracts.pages.frame import Part, Said, facts, folded, page, paragraphs
from recouvra.contracts.pages.french import french

Document = Mapping[str, Any]

_TITLE = Said("Recouvra : les événements", "Recouvra: the events")
_INTRODUCTION = Said(
    "Ce qui voyage entre les logiciels de paie, le Trésor, les prestataires de soins et les services de la caisse : "
    "CloudEvents 1.0 sur Kafka, en mode binaire ; le mode structuré (`content-type: application/cloudevents+json`) est "
    "lu aussi sur les sujets entrants. Les valeurs sont du JSON en UTF-8, d'au plus 1 048 576 octets ; l'argent est en "
    "francs entiers (XOF). Un champ inconnu est ignoré. (`ce_source`, `ce_id`) nomme un événement pour toujours : le "
    "même, renvoyé, n'a pas d'effet. Ce qui ne peut être lu est mis de côté, et dit sur `record-refused` ; ce qui ne "
    "va pas dans une déclaration est répondu sur `declaration-answered`."
)
_INBOUND = Said("Ce que vous publiez", "What you publish")
_OUTBOUND = Said("Ce que la caisse publie", "What the fund publishes")
_WHO = {"upstream": "éditeurs, banques, prestataires / vendors, banks, providers"}


def events_page(document: Document, schemas: Mapping[str, str], schemas_at: str) -> str:
    """The page; `schemas` are the JSON Schemas by topic, which are in it, and to whose folder `schemas_at` leads."""
    described = document["info"]["description"]
    channels = document["channels"]
    inbound = [topic for topic in channels if f"upstream.send.{topic}" in document["operations"]]
    outbound = [topic for topic in channels if topic not in inbound]
    parts = [
        Part("envelope", Said("L'enveloppe", "The envelope"), _envelope(document), entry="L'enveloppe"),
        Part("inbound", _INBOUND, "", entry=_INBOUND.fr),
        *(_event(document, topic, schemas[topic], schemas_at) for topic in inbound),
        Part("outbound", _OUTBOUND, "", entry=_OUTBOUND.fr),
        *(_event(document, topic, schemas[topic], schemas_at) for topic in outbound),
    ]
    return page(_TITLE, paragraphs(Said(_INTRODUCTION.fr, described)) + _LEGEND, parts)


_LEGEND = (
    '<p><span class="must">●</span> requis ; les autres champs peuvent manquer, ou être <code>null</code> s\'ils '
    'l\'admettent. <span lang="en">● required; other fields may be left out, or be <code>null</code> where they take '
    "it.</span></p>"
)


def _envelope(document: Document) -> str:
    schemas = document["components"]["schemas"]
    envelope = schemas["Envelope"]
    return paragraphs(french(envelope["description"])) + fields_table(envelope, schemas, french)


def _event(document: Document, topic: str, alone: str, schemas_at: str) -> Part:
    (name,) = document["channels"][topic]["messages"]
    message = document["components"]["messages"][name]
    schemas = document["components"]["schemas"]
    schema = schemas[name]
    file = f"{schemas_at}/{topic}.v1.json"
    told = [
        ("sujet / topic", f"<code>{escape(topic)}</code>"),
        ("<code>ce_type</code>", f"<code>{escape(message['name'])}</code>"),
        ("clé / key", _key(message["bindings"]["kafka"]["key"]["description"])),
        ("envoyé par / sent by", _who(document, topic, "send")),
        ("lu par / read by", _who(document, topic, "receive")),
        ("JSON Schema", f'<a href="{escape(file)}">{escape(topic)}.v1.json</a>'),
    ]
    body = (
        paragraphs(french(schema["description"]))
        + facts(told)
        + fields_table(schema, schemas, french)
        + folded("JSON Schema", alone)
    )
    return Part(topic, Said(topic, name), body, below=True, entry=topic)


def _key(described: str) -> str:
    fields = [f"<code>{escape(one)}</code>" for one in described.split("`")[1::2]]
    return " sinon / else ".join(fields) or "celle de l'enregistrement refusé / that of the refused record"


def _who(document: Document, topic: str, action: str) -> str:
    names = [
        operation["tags"][0]["name"]
        for operation in document["operations"].values()
        if operation["action"] == action and operation["channel"]["$ref"] == f"#/channels/{topic}"
    ]
    return escape(", ".join(_WHO.get(name, name) for name in names)) or "–"

"""The table "who reads what" of the published language."""

import pytest

from recouvra.contracts.topics import EVENTS, FACTS, INBOUND, MARKS, READS, WRITES


def test_there_are_fifteen_events_five_of_them_inbound() -> None:
    assert (len(EVENTS), len(INBOUND), len(FACTS)) == (15, 5, 10)
    assert MARKS not in EVENTS


@pytest.mark.parametrize("topic", EVENTS)
def test_class_topic_and_type_follow_one_name(topic: str) -> None:
    event_class = EVENTS[topic]
    words = "".join(word.capitalize() for word in topic.split("-"))
    module = topic.replace("-", "_")
    assert (event_class.__name__, event_class.__module__) == (words, f"recouvra.contracts.{module}")
    assert event_class.event_type() == f"ml.recouvra.{topic}.v1"


def test_every_fact_has_a_writer_and_reporting_reads_them_all() -> None:
    assert {topic for topics in WRITES.values() for topic in topics} == set(FACTS)
    assert set(READS["reporting"]) == set(FACTS)
    assert {topic for topics in READS.values() for topic in topics} == set(EVENTS)

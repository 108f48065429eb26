"""Where predictions go: what ``delivery`` in line.yaml may say, any number of channels of each kind."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from config.filters import check as check_filter
from config.formats import FILES, Format
from config.rest import Rest, RestChannel
from config.strict import Name, Strict

RESERVED = ("rest", "table")
"""What no channel may be called: the look-up store behind REST and the Iceberg table are always there."""


class FilesChannel(Strict):
    name: Name
    format: Format = Field(default="jsonl", description="JSON lines, CSV with a header, or Parquet with typed columns")


class Consumer(Strict):
    """Whoever reads a topic, by a queue of its own with a dead-letter queue."""

    name: Name
    filter: dict[str, list[Any]] | None = Field(
        default=None, description="an SNS filter policy over the fields of the record; none means every prediction"
    )

    @field_validator("filter")
    @classmethod
    def _policy(cls, given: dict[str, list[Any]] | None) -> dict[str, list[Any]] | None:
        if given is not None:
            check_filter(given)
        return given


def _named(given: Any) -> Any:
    return {"name": given} if isinstance(given, str) else given


class TopicChannel(Strict):
    name: Name
    fifo: bool = Field(default=False, description="keep the order of each id's predictions; drop repetitions")
    consumers: list[Annotated[Consumer, BeforeValidator(_named, json_schema_input_type=Consumer | Name)]] = Field(
        default=[], description="each, by name, gets a queue with a dead-letter queue"
    )


class TableChannel(Strict):
    name: Name
    connection: str = Field(description="a connection of the environment: PostgreSQL or Redshift")
    table: str = Field(
        pattern=r"^[a-z_][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}$", description="`schema.table`; made when it is missing"
    )


def _switched(given: Any) -> Any:
    """``true`` is one channel of the default's name, ``false`` is none."""
    if isinstance(given, bool):
        return [{"name": FILES}] if given else []
    return given


class Delivery(Strict):
    """The channels; the Iceberg table of predictions is always written."""

    files: Annotated[
        list[FilesChannel], BeforeValidator(_switched, json_schema_input_type=list[FilesChannel] | bool)
    ] = Field(default=[FilesChannel(name=FILES)], description="true means one named `files`, as JSON lines")
    topics: list[TopicChannel] = Field(default=[], description="a message per prediction")
    rest: RestChannel = Field(default=Rest(), description="predictions on request; true means signed requests")
    tables: list[TableChannel] = Field(default=[], description="a row per prediction in a SQL database")
    known: dict[Name, str] = Field(
        default={},
        description="what a REST request may leave out: column -> <view>.<column>, found online; event time -> now",
    )

    @property
    def formats(self) -> list[Format]:
        """The formats in which the channels need a run's predictions, JSON lines always."""
        wanted: set[Format] = {"jsonl", *(channel.format for channel in self.files)}
        return sorted(wanted | ({"parquet"} if self.tables else set()))

    @model_validator(mode="before")
    @classmethod
    def _one_topic_became_many(cls, given: Any) -> Any:
        if isinstance(given, dict) and "topic" in given:
            old = given["topic"]
            consumers = ", ".join(map(str, old["consumers"] if isinstance(old, dict) and "consumers" in old else []))
            raise ValueError(
                "topic: there may now be any number of topics, each with a name: "
                f"write `topics: [{{name: decisions, consumers: [{consumers}]}}]` instead"
            )
        return given

    @model_validator(mode="after")
    def _names_are_distinct(self) -> Delivery:
        named = [[channel.name for channel in channels] for channels in (self.files, self.topics, self.tables)]
        for name, times in Counter(chain.from_iterable(named)).items():
            if name in RESERVED:
                raise ValueError(f"the channel name {name!r} is taken by one that every line has: choose another")
            if times > 1:
                raise ValueError(f"the channel name {name!r} is used {times} times, expected distinct names")
        consumers = Counter(consumer.name for topic in self.topics for consumer in topic.consumers)
        for name, times in consumers.items():
            if times > 1:
                raise ValueError(f"topics: the consumer {name!r} is named {times} times, expected distinct names")
        return self

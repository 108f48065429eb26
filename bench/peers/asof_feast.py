# /// script
# requires-python = ">=3.11"
# dependencies = ["feast[duckdb]==0.54.0"]
# ///
"""Feast's ``get_historical_features`` with its DuckDB offline store, on a repository of its own."""

import sys
import tempfile
import warnings
from datetime import timedelta
from pathlib import Path

warnings.filterwarnings("ignore")

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.data_format import ParquetFormat
from feast.types import Float64
from reporting import reported

folder, tables, features, days = sys.argv[1], *map(int, sys.argv[2:5])
with tempfile.TemporaryDirectory() as place:
    config = RepoConfig(
        project="bench",
        provider="local",
        registry=str(Path(place) / "registry.db"),
        offline_store={"type": "duckdb"},
        online_store={"type": "sqlite", "path": str(Path(place) / "online.db")},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    entity = Entity(name="entity", join_keys=["entity"], value_type=ValueType.INT64)
    views = [
        FeatureView(
            name=f"view{i}",
            entities=[entity],
            ttl=timedelta(days=days),
            schema=[Field(name=f"f{k}", dtype=Float64) for k in range(features)],
            source=FileSource(
                path=f"{folder}/view{i}.parquet", timestamp_field="event_time", file_format=ParquetFormat()
            ),
        )
        for i in range(tables)
    ]
    store.apply([entity, *views])
    wanted = [f"view{i}:f{k}" for i in range(tables) for k in range(features)]
    with reported() as told:
        labels = pd.read_parquet(f"{folder}/labels.parquet").rename(columns={"event_time": "event_timestamp"})
        whole = store.get_historical_features(entity_df=labels, features=wanted, full_feature_names=True).to_arrow()
        told["rows"] = whole.num_rows
        told["found"] = sum(len(whole) - whole[f"view{i}__f0"].null_count for i in range(tables))

"""Where a run keeps its things in S3: each name is written once, here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunPaths:
    """The keys and URIs of one run of one line.

    >>> RunPaths(lake="lake", line="flights", run="run-1").receipt("curation")
    'runs/flights/run-1/curation.json'
    """

    lake: str
    line: str
    run: str

    @property
    def prefix(self) -> str:
        """Key prefix in the lake bucket of what the run says of itself."""
        return f"runs/{self.line}/{self.run}/"

    def receipt(self, name: str) -> str:
        """Key in the lake bucket of what a station (or one of its jobs) says of itself."""
        return f"{self.prefix}{name}.json"

    def components(self, station: str) -> str:
        """Key in the lake bucket of what a station's outcome depends on."""
        return f"{self.prefix}fresh/{station}.json"

    def report(self, station: str, form: str = "json") -> str:
        """Key in the lake bucket of a station's inspection report: ``json``, or ``html`` for people."""
        return f"reports/{self.line}/{station}/{self.run}.{form}"

    def reports(self, station: str) -> str:
        """Key in the lake bucket of the history of a station's inspections, every run's in small."""
        return f"reports/{self.line}/{station}/history.json"

    @property
    def predictions(self) -> str:
        """Key in the lake bucket of the run's prediction records, one JSON object a line."""
        return f"{self.prefix}predictions.jsonl"

    @property
    def slices(self) -> str:
        """Key in the lake bucket of the slices that the run's predictions lie in, one JSON object a line."""
        return f"{self.prefix}slices.jsonl"

    def candidate(self, variant: str) -> str:
        """Key prefix in the models bucket of a variant's artefact: its files, manifest.json last."""
        return f"{self.line}/{self.run}/{variant}/"

    def card(self, variant: str) -> str:
        """Key in the models bucket of a variant's model card: beside its folder, which holds nothing unsealed."""
        return card_of(self.candidate(variant))


def card_of(candidate: str) -> str:
    """Key in the models bucket of the card that goes with a candidate's prefix.

    >>> card_of("flights/run-1/deep/")
    'flights/run-1/deep.html'
    """
    return f"{candidate.rstrip('/')}.html"


def raw_prefix(line: str, source: str) -> str:
    """Key prefix in the raw bucket of a source's files."""
    return f"{line}/{source}/"


def table_name(line: str, table: str) -> str:
    """Name in the Glue database of a line's table (a curated table, a feature view, ``predictions``)."""
    return f"{line}_{table}"


def warehouse(lake: str) -> str:
    """URI under which Iceberg tables lie."""
    return f"s3://{lake}/warehouse"


def dataset_prefix(line: str, fingerprint: str) -> str:
    """Key prefix in the lake bucket of a dataset: its Parquet files and, written last, manifest.json."""
    return f"datasets/{line}/{fingerprint}/"


def connection_name(environment: str, line: str, connection: str) -> str:
    """Name of the Glue connection through which a line's jobs reach a database."""
    return f"assembly-line-{environment}-{line}-{connection}"


def embedded_secret(connection: str) -> str:
    """Name of the secret of a database that the embedded AWS starts itself."""
    return f"assembly-line/embedded/{connection}"

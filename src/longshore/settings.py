"""Every knob, with its unit, its default and the reason for it.

What wins, from weakest to strongest: the default, `longshore.toml` in the working directory, environment variables
`LONGSHORE_*`, what a flow parameter or a flag says. A key that is not known is an error that names the nearest one.
`docs/reference/settings.md` is made from this file.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings.exceptions import SettingsError as UnreadableVariable

from longshore.errors import SettingsError
from longshore.storage.archives.stream import ArchiveLimits
from longshore.text.policy import DateOrder, RepairPolicy, TextPolicy

SETTINGS_FILE: Final = "longshore.toml"
ENV_PREFIX: Final = "LONGSHORE_"

# Read elsewhere, and no settings: the fault harness of the tests.
_OTHER_VARIABLES: Final = {f"{ENV_PREFIX}FAULT"}
# pydantic's kinds of errors, where its own words are for programmers.
_IN_PLAIN_WORDS: Final = {
    "bool_parsing": "it must be true or false",
    "bool_type": "it must be true or false",
    "dict_type": 'it must be a table, such as {"legacy/**" = "cp850"}',
    "float_parsing": "it must be a number",
    "float_type": "it must be a number",
    "int_from_float": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_type": "it must be a whole number",
    "path_type": "it must be a path, in quotes",
    "string_type": "it must be text, in quotes",
    "tuple_type": 'it must be a list, such as ["*.txt", "*.md"]',
}


def refuse_unknown_variables(known: set[str]) -> None:
    """Raise where the environment names a setting that there is not."""
    variables = {ENV_PREFIX + name.upper() for name in known}
    for name in os.environ:
        if name.startswith(ENV_PREFIX) and name.upper() not in variables | _OTHER_VARIABLES:
            raise SettingsError(f"The environment variable {name} is no setting.{_nearest(name, variables)}")


def refuse_no_file() -> None:
    """Raise where `longshore.toml` is something that cannot be read, and would be passed over in silence."""
    if Path(SETTINGS_FILE).exists() and not Path(SETTINGS_FILE).is_file():
        raise SettingsError(f"{SETTINGS_FILE} is not a file. `longshore init` writes one with all settings.")


def explain(error: ValidationError, known: set[str], said: set[str]) -> str:
    """Give a sentence for each setting that is not known or cannot be used; `said`: by flags or parameters."""
    sentences = []
    for item in error.errors():
        name = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            sentences.append(f"There is no setting {name!r}.{_nearest(name, known, item['input'])}")
            continue
        if not name:
            message = item["msg"].removeprefix("Value error, ")
            sentences.append(f"{message[:1].upper()}{message[1:]}.")
            continue
        where = _where_said(name.split(".")[0], said)
        sentences.append(f"The setting {name} (from {where}) cannot be {item['input']!r}: {_why(dict(item))}.")
    return "\n".join(sentences)


def explain_variable(error: Exception) -> str:
    """Say how a list or a table is written in an environment variable; `error` is of pydantic-settings."""
    found = re.search(r'field "(\w+)"', str(error))
    name = f"{ENV_PREFIX}{found[1].upper() if found else '…'}"
    like = """{"legacy/**": "cp850"}""" if name.endswith("ENCODINGS") else """["*.txt", "*.md"]"""
    return f"The environment variable {name} cannot be {os.environ.get(name)!r}: it must be JSON, such as '{like}'."


def _why(item: dict[str, Any]) -> str:
    if item["type"] in _IN_PLAIN_WORDS:
        return _IN_PLAIN_WORDS[item["type"]]
    context = item.get("ctx", {})
    if item["type"] == "greater_than_equal":
        return f"it must be {_number(context['ge'])} or more"
    if item["type"] == "less_than_equal":
        return f"it must be {_number(context['le'])} or less"
    if item["type"] == "string_pattern_mismatch":
        return "it may hold lower-case letters, digits and dashes only"
    return str(item["msg"]).removeprefix("Value error, ").replace("Input should be", "it must be")


def _number(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"


def _nearest(name: str, known: set[str], value: object = None) -> str:
    def likeness(other: str) -> float:
        """Compare also with the other's beginning: people write `settle` for `stable_seconds`."""
        return max(difflib.SequenceMatcher(None, name, part).ratio() for part in (other, other[: len(name)]))

    best = max(sorted(known), key=likeness)
    if likeness(best) > 0.6:
        return f" Did you mean {best}?"
    if isinstance(value, dict):
        return " Settings stand at the top of the file, outside any [section]."
    return " `longshore init` writes a file with all settings."


def _where_said(name: str, said: set[str]) -> str:
    if name in said:
        return "a flag or parameter"
    if (ENV_PREFIX + name.upper()) in {variable.upper() for variable in os.environ}:
        return f"the environment variable {ENV_PREFIX}{name.upper()}"
    return SETTINGS_FILE


MIB = 1024 * 1024


class Settings(BaseSettings):
    """All settings of one project, checked and frozen."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        toml_file=SETTINGS_FILE,
        validate_default=True,
    )

    # Where
    landing: Path = Path("landing")
    """The folder that files are dropped in. It must exist: a mistyped path would look like an empty one."""
    warehouse: Path = Path("warehouse")
    """The folder that readers open; `records/` below it is made when it is missing."""
    ledger_url: str = ""
    """Where the ledger is, as an SQLAlchemy URL (`postgresql+psycopg://…` for several machines). Empty: SQLite in
    `warehouse/_longshore/`, which needs no server and is fast enough for tens of millions of deliveries."""

    # Which files
    include: tuple[str, ...] = ()
    """Only files that match one of these patterns (as in .gitignore) are taken. Empty: all, because what a file holds
    decides and not its name."""
    exclude: tuple[str, ...] = ()
    """Files that match one of these patterns are left alone; it wins over `include`."""
    take_underscored: bool = False
    """Whether files and folders are taken whose names begin with `_`. To most tools they are hidden, and markers such
    as `_SUCCESS` are no texts. Each run says how many it passed over."""
    stable_seconds: float = Field(default=5.0, ge=0, le=86_400)
    """A file is taken when it has not changed for so long. 5 outlasts the pauses of common upload tools; 0 is for
    tools that write elsewhere and rename into place."""
    max_file_bytes: int = Field(default=64 * MIB, ge=1, le=1024 * MIB)
    """A larger file is rejected as TOO_LARGE, before it is read. 64 MiB is far above any article and bounds memory: a
    text takes about ten times its size, whatever its lines are (200 MB: 2.1 GiB and a few minutes)."""
    max_pack_bytes: int = Field(default=256 * MIB, ge=1, le=4096 * MIB)
    """A pack (.zip, .tar, .gz …) larger than this is rejected as TOO_LARGE, one that unpacks to more as ARCHIVE_BOMB.
    A pack is one batch, and its texts are in memory together: 256 MiB of them take about 1.5 GB."""
    max_pack_members: int = Field(default=100_000, ge=1, le=1_000_000)
    """A pack of more files is an ARCHIVE_BOMB. 100,000 holds any corpus that fits `max_pack_bytes` as articles."""
    max_pack_ratio: int = Field(default=100, ge=2, le=1_000_000)
    """A pack that unpacks to more than so many times its size (and to more than 1 MiB) is an ARCHIVE_BOMB. Texts pack
    to a third or a tenth, server logs to a fiftieth; a bomb to a thousandth."""
    max_pack_depth: int = Field(default=2, ge=1, le=8)
    """How deep packs may be in packs. 2 reads the .txt.gz in a .tar; deeper is an ARCHIVE_BOMB."""
    max_files_per_run: int | None = Field(default=None, ge=1)
    """At most so many files a run, oldest first. None: all that have settled."""
    max_bytes_per_run: int | None = Field(default=None, ge=1)
    """At most so many bytes a run, oldest first. None: all that have settled."""
    after_ingest: Literal["archive", "delete", "keep"] = "archive"
    """What becomes of a file whose text is in the warehouse: moved to `landing/_archive/YYYY-MM-DD/`, deleted, or left
    (the ledger then knows it by path, size and time). The default keeps every original byte."""

    # Texts
    declared_encodings: dict[str, str] = Field(default_factory=dict)
    """Encodings that you know, by pattern (`"legacy/**" = "cp850"`); the first that matches counts. Empty: the bytes
    decide. A file that does not fit its declared encoding is rejected, with the offset."""
    repair_policy: RepairPolicy = "conservative"
    """`conservative` mends broken encodings and restyles nothing; `ftfy-defaults` also uncurls quotes and folds
    widths; `off` leaves the characters as they were decoded."""
    date_order: DateOrder | None = None
    """How to read dates such as 03/04/2024 in headers: DMY, MDY or YMD. None: where the text itself does not settle
    it, the date is `ambiguous`, because a guess is wrong for half the world."""

    # How
    max_files_per_batch: int = Field(default=500, ge=1, le=20_000)
    """At most so many files become one Parquet part. 500 keeps the overhead of a batch small, a lost one cheap."""
    max_bytes_per_batch: int = Field(default=32 * MIB, ge=1, le=1024 * MIB)
    """At most so many bytes become one Parquet part (a single larger file is a batch of its own). It bounds memory."""
    workers: int = Field(default=0, ge=0, le=256)
    """Processes that normalise. 0: one for each core. A small backlog is done in the process itself, where starting
    others would cost more than it saves."""
    zstd_level: int = Field(default=3, ge=1, le=19)
    """Compression of the Parquet. 3 is where news texts stop shrinking much for the time it takes."""

    # Compacting, and whatever else rewrites parts
    target_part_bytes: int = Field(default=256 * MIB, ge=1, le=4096 * MIB)
    """Compaction makes parts of about so many bytes. 256 MiB is what engines like to read: few files, and enough of
    them for every core."""
    rewrite_grace_seconds: float = Field(default=3600.0, ge=0, le=30 * 86_400)
    """Old parts are kept for so long after new ones took their place, where no reader finds them. An hour lets readers
    on a network file system and a backup that has begun end in peace."""
    rewrite_wait_seconds: float = Field(default=600.0, ge=0, le=86_400)
    """How long a rewrite waits for an ingest run to end, for the moment in which it exchanges a folder. Ten minutes is
    longer than any run but one over a great backlog; the partition is then left for the next time."""

    # Serving
    project: str = Field(default="", pattern="^[a-z0-9-]*$", max_length=40)
    """A name put behind those of the deployments (`ingest-NAME`), for several projects on one Prefect server. Empty:
    the embedded server has one project only."""
    schedule_cron: str = "* * * * *"
    """When `longshore serve` ingests, as a cron line. Every minute: a run with nothing to do is cheap."""
    schedule_interval_seconds: float | None = Field(default=None, ge=5)
    """Ingest every so many seconds, in place of `schedule_cron`. None: a minute is often enough for most, and a cron
    line cannot say less."""
    schedule_timezone: str = "UTC"
    """The time zone of the cron lines. UTC has no hour that comes twice."""
    compact_cron: str = "17 3 * * *"
    """When small parts of past days are merged. At night, off the full hour, when little arrives."""
    verify_cron: str = "47 4 * * *"
    """When everything is checked against everything else. After compaction, before people come to work."""
    server_port: int = Field(default=4200, ge=1, le=65_535)
    """Where the web page of the embedded Prefect server listens, on loopback; the next free port where it is taken."""
    alert_idle_hours: float | None = Field(default=None, gt=0)
    """Alert when nothing was published for so many hours. None: some folders are quiet for weeks."""
    alert_rejected_share: float | None = Field(default=None, gt=0, le=1)
    """Alert when a run rejects more than this share of its files (0-1). None: what is usual differs from source to
    source."""
    alert_backlog_files: int | None = Field(default=None, ge=1)
    """Alert when more files than this wait in landing/. None: no backlog is too long by itself."""
    alert_block: str = ""
    """The Prefect block that alerts are sent with, as `type/name` (`slack-webhook/ops`). Empty: alerts are events in
    Prefect's feed, and `longshore status --check` fails."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then environment, then `longshore.toml`; nothing else is read."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("schedule_timezone")
    @classmethod
    def _time_zone_exists(cls, name: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - only where a zone is set

        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {name!r}; a name looks like Europe/Berlin") from None
        return name

    @field_validator("alert_block")
    @classmethod
    def _block_has_two_names(cls, block: str) -> str:
        if block and not (block.count("/") == 1 and all(block.split("/"))):
            raise ValueError("it must be type/name, such as slack-webhook/ops")
        return block

    @field_validator("declared_encodings")
    @classmethod
    def _encodings_exist(cls, table: dict[str, str]) -> dict[str, str]:
        import codecs  # noqa: PLC0415 - only where a table is set

        for pattern, encoding in table.items():
            try:
                codecs.lookup(encoding)
            except LookupError:
                raise ValueError(f"{pattern!r} declares {encoding!r}, which is no encoding that Python knows") from None
        return table

    @model_validator(mode="after")
    def _apart(self) -> Self:
        landing, records = self.landing.resolve(), (self.warehouse / "records").resolve()
        if landing == self.warehouse.resolve() or landing.is_relative_to(records) or records.is_relative_to(landing):
            raise ValueError("landing and warehouse must be separate folders, neither inside the other's files")
        return self

    @property
    def text_policy(self) -> TextPolicy:
        """The part of the settings that may change a row."""
        return TextPolicy(self.repair_policy, self.date_order)

    @property
    def archive_limits(self) -> ArchiveLimits:
        """The part of the settings that bounds a pack."""
        return ArchiveLimits(
            max_bytes=self.max_pack_bytes,
            max_members=self.max_pack_members,
            max_ratio=self.max_pack_ratio,
            max_depth=self.max_pack_depth,
            max_member_bytes=self.max_file_bytes,
        )

    @property
    def worker_count(self) -> int:
        """How many processes normalise when there is enough to do."""
        return self.workers or len(os.sched_getaffinity(0))


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - the values are checked by the model
    """Read and check the settings of the project in the working directory.

    Args:
        overrides: what a flag or a flow parameter says; None means not said.

    Raises:
        SettingsError: a key is not known, or a value cannot be used; the message names it and what to do.
    """
    said = {key: value for key, value in overrides.items() if value is not None}
    known = set(Settings.model_fields)
    refuse_unknown_variables(known)
    refuse_no_file()
    try:
        return Settings(**said)
    except ValidationError as error:
        raise SettingsError(explain(error, known, set(said))) from None
    except UnreadableVariable as error:
        raise SettingsError(explain_variable(error)) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{SETTINGS_FILE} is not valid TOML: {error}. Mend that line.") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{SETTINGS_FILE} is not UTF-8, at byte {error.start}. Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"{SETTINGS_FILE} cannot be read: {error.strerror}.") from None

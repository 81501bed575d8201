"""All settings of a project: type, unit, default and the reason for it.

Precedence, from weakest to strongest: the default, the settings file (`longshore.toml` in the working directory, or the
one of `LONGSHORE_CONFIG`), environment variables `LONGSHORE_*`, a flag or flow parameter. An unknown key is an error
that suggests the nearest name; a name of an older version still works for one version, with a warning.
`docs/reference/settings.md` is generated from this file.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
import warnings
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError as UnreadableVariable

from longshore.errors import SettingsError
from longshore.storage.archives.stream import ArchiveLimits
from longshore.storage.stores.url import StoreUrl, is_store_url, parse_store_url, without_secrets
from longshore.text.policy import DateOrder, TextPolicy

SETTINGS_FILE: Final = "longshore.toml"
ENV_PREFIX: Final = "LONGSHORE_"
# Names another settings file; relative folders in it are below its own.
CONFIG_VARIABLE: Final = f"{ENV_PREFIX}CONFIG"
MIB: Final = 1024 * 1024

# The names of the version before this one: they work until the next, with a warning.
_RENAMED: Final = {
    "settle_seconds": "stable_seconds",
    "max_pack_bytes": "max_archive_bytes",
    "max_pack_members": "max_members",
    "max_pack_ratio": "max_ratio",
    "max_pack_depth": "max_depth",
}
# What each removed setting did, or what replaces it.
_REMOVED: Final = {
    "rewrite_wait_seconds": "Compaction waits ten minutes for an ingest run.",
    "schedule_interval_seconds": "Use `schedule_cron`, or `longshore serve --watch` to ingest within seconds.",
    "zstd_level": "Parquet is written with level 3.",
    "language_engine": "The built-in language detection is the only one.",
}
_ARCHIVE_LIMITS: Final = {
    "default": {"max_members": 100_000, "max_ratio": 100, "max_depth": 2},
    "large": {"max_members": 1_000_000, "max_ratio": 1_000, "max_depth": 4},
}
# Environment variables that are not settings; the second is the fault injection of the tests.
_OTHER_VARIABLES: Final = {CONFIG_VARIABLE, f"{ENV_PREFIX}FAULT"}
# pydantic's error types whose messages are written for programmers.
_MESSAGES: Final = {
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


def _location(value: object) -> object:
    return parse_store_url(value) if isinstance(value, str) and is_store_url(value) else value


_Location = Annotated[Path | StoreUrl, BeforeValidator(_location)]


class SettingsWarning(FutureWarning):
    """A setting has a name of an older version, or was removed."""


Treatment = Literal["extract", "text", "reject"]


def _check_encoding(encoding: str, where: str) -> None:
    import codecs  # noqa: PLC0415 - only where an encoding is set

    try:
        codecs.lookup(encoding)
    except LookupError:
        raise ValueError(f"unknown encoding {encoding!r} for {where!r}; use a name such as 'windows-1252'") from None


class Feed(BaseModel):
    """A named group of landed files with rules of its own: a `[[feeds]]` table in `longshore.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern="^[a-z0-9][a-z0-9_-]*$", max_length=64)
    match: tuple[str, ...] = Field(min_length=1)
    encoding: str | None = None
    date_order: DateOrder | None = None
    languages: tuple[str, ...] = ()
    kinds: dict[str, Treatment] = Field(default_factory=dict)
    text_field: str | None = None
    path_fields: str = ""
    sidecar: str = ""

    @model_validator(mode="after")
    def _encoding_exists(self) -> Self:
        if self.encoding is not None:
            _check_encoding(self.encoding, self.name)
        return self


class Settings(BaseSettings):
    """All settings of one project, checked and frozen."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        validate_default=True,
    )

    # Where
    landing: _Location = Path("landing")
    """The folder that files are dropped in, or a place in an object store (`s3://bucket/prefix`, `gs://…`, `az://…`).
    It must exist: a mistyped path would look like an empty folder."""
    warehouse: _Location = Path("warehouse")
    """The folder, or the place in an object store, that readers open; `records/` below it is created when it is
    missing. It may be of another kind than `landing`."""
    ledger_url: str = ""
    """The ledger's SQLAlchemy URL (`postgresql+psycopg://…` for several machines). Empty: SQLite in
    `warehouse/_longshore/`, which needs no server and is fast enough for tens of millions of deliveries. A warehouse in
    an object store needs a URL, because no database can lie there."""

    # Which files
    include: tuple[str, ...] = ()
    """Only files that match one of these patterns (as in .gitignore) are ingested. Empty: all, because the content of a
    file decides and not its name."""
    exclude: tuple[str, ...] = ()
    """Files that match one of these patterns are left alone, also if `include` matches. Empty: none, because files that
    cannot be ingested are quarantined with a reason."""
    take_underscored: bool = False
    """Whether to ingest files and folders whose names begin with `_`. Most tools treat them as hidden, and markers such
    as `_SUCCESS` are not texts. Each run reports how many it skipped."""
    stable_seconds: float = Field(default=5.0, ge=0, le=86_400)
    """A file is ingested when size and mtime have not changed for this long. 5 is longer than the pauses of common
    upload tools; 0 is for tools that write elsewhere and rename into place."""
    max_file_bytes: int = Field(default=64 * MIB, ge=1, le=1024 * MIB)
    """A larger file is rejected as TOO_LARGE before it is read. 64 MiB is far above any article and bounds memory: a
    text needs about ten times its size, whatever its lines are (200 MB: 2.1 GiB and a few minutes)."""
    max_archive_bytes: int = Field(default=256 * MIB, ge=1, le=4096 * MIB)
    """An archive (.zip, .tar, .gz …) larger than this is rejected as TOO_LARGE, one that unpacks to more as
    ARCHIVE_BOMB. An archive is one batch, and its texts are in memory together: 256 MiB of them need about 1.5 GB."""
    archive_limits: Literal["default", "large"] = "default"
    """Limits that detect an ARCHIVE_BOMB. `default`: 100,000 members, unpacked 100 times its size, archives nested 2
    deep (a .txt.gz in a .tar); texts compress to a third or a tenth, server logs to a fiftieth, a bomb to a thousandth.
    `large`: 1,000,000 members, 1,000 times, 4 deep, for trusted senders."""
    archive_limits_override: dict[Literal["max_members", "max_ratio", "max_depth"], Annotated[int, Field(ge=1)]] = (
        Field(default_factory=dict)
    )
    """Single limits that replace those of `archive_limits`: `max_members`, `max_ratio` (from 1 MiB on), `max_depth`.
    Empty: the preset is right for all but unusual archives."""
    max_files_per_run: int | None = Field(default=None, ge=1)
    """At most this many files in a run, oldest first. Not set: all stable files, because batches bound memory."""
    max_bytes_per_run: int | None = Field(default=None, ge=1)
    """At most this many bytes in a run, oldest first. Not set: all stable files, because batches bound memory."""
    after_ingest: Literal["archive", "delete", "keep"] = "archive"
    """What happens to a landed file whose text is in the warehouse: it is moved to `landing/_archive/YYYY-MM-DD/`,
    deleted, or left (the ledger then recognises it). The default keeps every original byte."""

    # Texts
    declared_encodings: dict[str, str] = Field(default_factory=dict)
    """Known encodings by pattern (`"legacy/**" = "cp850"`); the first match counts. Empty: the bytes decide. A file
    that does not fit its declared encoding is rejected, with the offset."""
    repair_policy: Literal["conservative", "off"] = "conservative"
    """`conservative` repairs broken encodings and changes no style, so that quotes and ligatures stay as written; `off`
    leaves the characters as they were decoded."""
    date_order: DateOrder | None = None
    """How to read dates such as 03/04/2024 in headers: DMY, MDY or YMD. Not set: where the text itself does not decide,
    the date is `ambiguous`, because a guess is wrong for half the world."""

    # Documents
    kinds: dict[str, Treatment] = Field(default_factory=dict)
    """What becomes of documents of a media type, where the default is not wanted: `extract` takes the text out of its
    format, `text` leaves the file as it is, `reject` quarantines it as UNWANTED_KIND. Empty: every kind that Longshore
    can unwrap is extracted, because nobody wants tags and boundaries in a text."""
    text_field: str | None = None
    """The field that holds the text in JSON and CSV (`body`, or `data.body` for a field inside another). Not set: the
    usual names are recognised (text, body, content, article …); a row without one is rejected as NO_TEXT_FIELD."""
    html_engine: Literal["resiliparse", "trafilatura"] = "resiliparse"
    """What finds the main content of web pages. `resiliparse` is ten times as fast; `trafilatura` (an extra) drops more
    of what surrounds an article, and more of lists."""
    feeds: tuple[Feed, ...] = ()
    """Groups of files with rules of their own: `name`, `match` (patterns as in `include`), and any of `encoding`,
    `date_order`, `languages` (they settle ties and never overrule), `kinds`, `text_field`, `path_fields`
    (`{outlet}/{year}/`: parts of the path that become metadata) and `sidecar` (`{stem}.json` or `metadata.csv`: a file
    beside the texts that holds fields of them, and stays in landing). The first feed that matches wins, and is named in
    the column `feed`. Empty: the settings above are for all files."""

    # How
    max_files_per_batch: int = Field(default=500, ge=1, le=20_000)
    """At most this many files become one Parquet part. With 500 the overhead of a batch is small, and so is the loss
    when one must be repeated."""
    max_bytes_per_batch: int = Field(default=32 * MIB, ge=1, le=1024 * MIB)
    """At most this many bytes become one Parquet part (a single larger file is its own batch). It bounds memory."""
    executor: Literal["auto", "in-process", "processes", "dask"] = "auto"
    """Where batches are normalised. `auto`: in the run's own process for a small backlog, else in a process pool;
    `in-process` starts no process, for machines with little memory; `processes`: in a process pool, where a file that
    kills its process does no harm; `dask`: on a Dask cluster (`pip install 'longshore[dask]'`)."""
    dask_address: str = ""
    """The scheduler of an existing Dask cluster (`tls://host:8786`), for `executor = "dask"`. Empty: a cluster of local
    processes that ends with the run, to try it out. Use `tls://`, because who reaches the port can run code."""
    workers: int = Field(default=0, ge=0, le=256)
    """Processes that normalise. 0: one for each core. A small backlog is done in the process itself, where starting
    others would cost more than it saves. With `dask_address`: how far an adaptive cluster may grow, because it grows
    by the batches that wait (0: twice as many batches are submitted as it has threads)."""

    # Compaction and other rewrites
    target_part_bytes: int = Field(default=256 * MIB, ge=1, le=4096 * MIB)
    """Compaction writes parts of about this many bytes. 256 MiB is what query engines prefer: few files, and enough of
    them for every core."""
    rewrite_grace_seconds: float = Field(default=3600.0, ge=0, le=30 * 86_400)
    """How long replaced parts are kept, where no new reader finds them. An hour lets running queries on a network file
    system and a running backup finish."""

    # Serving
    project: str = Field(default="", pattern="^[a-z0-9-]*$", max_length=40)
    """A suffix for the names of the deployments (`ingest-NAME`), for several projects on one Prefect server. Empty: the
    embedded server has only one project."""
    schedule_cron: str = "* * * * *"
    """When `longshore serve` ingests, as a cron line. Every minute, because a run with nothing to do is cheap."""
    schedule_timezone: str = "UTC"
    """The time zone of the cron lines. In UTC no hour is skipped or repeated."""
    compact_cron: str = "17 3 * * *"
    """When small parts of past days are merged, as a cron line. At night, off the full hour, when few files arrive."""
    verify_cron: str = "47 4 * * *"
    """When `verify` runs, as a cron line. After compaction, before people start to work."""
    server_host: str = Field(default="127.0.0.1", pattern=r"^[A-Za-z0-9.-]+$")
    """The address that the embedded Prefect server listens on. Loopback, because whoever reaches it can start and
    cancel runs. A container needs `0.0.0.0`: turn on `server_login` then. Without a login it answers under the names
    `127.0.0.1` and `localhost`, and under this one, only."""
    server_port: int = Field(default=4200, ge=1, le=65_535)
    """The port of the embedded Prefect server, Prefect's own default; the next free port if it is taken."""
    server_login: bool = False
    """Whether the embedded Prefect server asks for a login, which is in `.longshore/login`. Off: one person's machine
    needs none. Turn it on where other users can log in to the machine."""
    alert_idle_hours: float | None = Field(default=None, gt=0)
    """Alert when nothing was published for this many hours. Not set: some folders are quiet for weeks."""
    alert_rejected_share: float | None = Field(default=None, gt=0, le=1)
    """Alert when a run rejects more than this share of its files (0-1). Not set: the usual share differs between
    senders."""
    alert_backlog_files: int | None = Field(default=None, ge=1)
    """Alert when more than this many files wait in landing/. Not set: no backlog is too long in itself."""
    alert_block: str = ""
    """The Prefect block that sends alerts, as `type/name` (`slack-webhook/ops`). Empty: alerts are events in Prefect's
    feed, and `longshore status --check` fails."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read flags, then the environment, then the settings file, each also with the names of the version before."""
        del dotenv_settings, file_secret_settings
        lower = {name.lower(): value for name, value in os.environ.items()}
        variables = {n: lower[v] for n in _RENAMED | _REMOVED if (v := f"{ENV_PREFIX}{n}".lower()) in lower}
        file = _below_its_folder(TomlConfigSettingsSource(settings_cls, settings_path())(), settings_path().parent)

        def of_older_version(values: dict[str, Any], source: str) -> InitSettingsSource:
            return InitSettingsSource(settings_cls, _current_names(values, source))

        return (
            of_older_version(init_settings(), "a flag or parameter"),
            env_settings,
            of_older_version(variables, "an environment variable"),
            of_older_version(file, str(settings_path())),
        )

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
    def _block_has_type_and_name(cls, block: str) -> str:
        if block and not (block.count("/") == 1 and all(block.split("/"))):
            raise ValueError("it must be type/name, such as slack-webhook/ops")
        return block

    @field_validator("declared_encodings")
    @classmethod
    def _encodings_exist(cls, table: dict[str, str]) -> dict[str, str]:
        for pattern, encoding in table.items():
            _check_encoding(encoding, pattern)
        return table

    @model_validator(mode="after")
    def _folders_are_separate(self) -> Self:
        if isinstance(self.landing, StoreUrl) or isinstance(self.warehouse, StoreUrl):
            overlap = (
                isinstance(self.landing, StoreUrl)
                and isinstance(self.warehouse, StoreUrl)
                and (self.landing.is_below(self.warehouse) or self.warehouse.is_below(self.landing))
            )
        else:
            landing, records = self.landing.resolve(), (self.warehouse / "records").resolve()
            overlap = (
                landing == self.warehouse.resolve()
                or landing.is_relative_to(records)
                or records.is_relative_to(landing)
            )
        if overlap:
            raise ValueError("landing and warehouse must be separate folders, neither inside the other's files")
        if isinstance(self.warehouse, StoreUrl) and not self.ledger_url:
            raise ValueError(
                f"the warehouse {self.warehouse} is in an object store, which cannot hold the ledger: set `ledger_url` "
                "to a PostgreSQL (for several machines), or to a SQLite file on a disk of the only machine that runs"
            )
        return self

    @model_validator(mode="after")
    def _dask_is_used(self) -> Self:
        if self.dask_address and self.executor != "dask":
            raise ValueError('set executor = "dask" too, or remove dask_address')
        return self

    @property
    def text_policy(self) -> TextPolicy:
        """The settings that may change a row."""
        return TextPolicy(self.repair_policy, self.date_order)

    @property
    def limits_of_archives(self) -> ArchiveLimits:
        """The settings that bound an archive."""
        limits = _ARCHIVE_LIMITS[self.archive_limits] | self.archive_limits_override
        return ArchiveLimits(max_bytes=self.max_archive_bytes, max_member_bytes=self.max_file_bytes, **limits)

    @property
    def worker_count(self) -> int:
        """The number of processes that normalise a large backlog."""
        return self.workers or len(os.sched_getaffinity(0))


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - the model checks the values
    """Read and check the settings of the project in the working directory, or of the one that `LONGSHORE_CONFIG` names.

    Args:
        overrides: values of flags or flow parameters; None means not given.

    Raises:
        SettingsError: a key is unknown or a value is invalid; the message names it and what to do.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    _refuse_unknown_variables()
    file = settings_path()
    if not file.is_file() and (file.exists() or os.environ.get(CONFIG_VARIABLE)):
        problem = "is not a file" if file.exists() else "does not exist"
        raise SettingsError(f"{file} {problem}. `longshore init` writes one with all settings.")
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_explain(error, set(given))) from None
    except UnreadableVariable as error:
        raise SettingsError(_explain_variable(error)) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not valid TOML: {error}. Fix that line.") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not UTF-8, at byte {error.start}. Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from None


def settings_path() -> Path:
    """Return the path of the settings file, which may not exist."""
    return Path(os.environ.get(CONFIG_VARIABLE) or SETTINGS_FILE)


def _below_its_folder(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the values of a settings file elsewhere, with folders that are relative to it."""
    if folder == Path():
        return values
    folders = {name: values.get(name, name) for name in ("landing", "warehouse")}
    return values | {name: path if "://" in str(path) else str(folder / path) for name, path in folders.items()}


def _current_names(values: dict[str, Any], source: str) -> dict[str, Any]:
    """Return the settings of one source under their present names; warn of each that was renamed or removed."""
    found = {name: value for name, value in values.items() if name not in _RENAMED and name not in _REMOVED}
    if found.get("repair_policy") == "ftfy-defaults":
        found["repair_policy"] = "conservative"
        _warn(f"`repair_policy` has no value 'ftfy-defaults' any more (from {source}): 'conservative' applies.")
    for old in values.keys() - found.keys():
        if old in _REMOVED:
            _warn(f"The setting `{old}` (from {source}) was removed and has no effect. {_REMOVED[old]}")
            continue
        new = _RENAMED[old]
        if new in _ARCHIVE_LIMITS["default"]:
            table = {new: values[old]} | found.get("archive_limits_override", {})
            found["archive_limits_override"] = table
            new = f"archive_limits_override.{new}"
        else:
            found.setdefault(new, values[old])
        _warn(f"The setting `{old}` (from {source}) is now `{new}`. The old name works in this version only.")
    return found


def _warn(sentence: str) -> None:
    warnings.warn(sentence, SettingsWarning, stacklevel=2)


def _refuse_unknown_variables() -> None:
    current = {ENV_PREFIX + name.upper() for name in Settings.model_fields}
    accepted = current | {ENV_PREFIX + name.upper() for name in _RENAMED | _REMOVED} | _OTHER_VARIABLES
    for name in os.environ:
        if name.startswith(ENV_PREFIX) and name.upper() not in accepted:
            raise SettingsError(f"The environment variable {name} is not a setting.{_suggestion(name, current)}")


def _explain(error: ValidationError, given: set[str]) -> str:
    """Return a sentence for each unknown setting and invalid value; `given`: by flags or parameters."""
    sentences = []
    for item in error.errors():
        name = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            known = set(Settings.model_fields)
            sentences.append(f"There is no setting {name!r}.{_suggestion(name, known, item['input'])}")
        elif not name:
            message = item["msg"].removeprefix("Value error, ")
            sentences.append(f"{message[:1].upper()}{message[1:]}.")
        else:
            source = _source_of(str(item["loc"][0]), given)
            value = without_secrets(repr(item["input"]))
            sentences.append(f"The setting {name} (from {source}) cannot be {value}: {_reason(dict(item))}.")
    return "\n".join(sentences)


def _explain_variable(error: Exception) -> str:
    """Return how to write a list or a table in an environment variable; `error` is of pydantic-settings."""
    found = re.search(r'field "(\w+)"', str(error))
    name = f"{ENV_PREFIX}{found[1].upper() if found else '…'}"
    examples = {"ENCODINGS": '{"legacy/**": "cp850"}', "OVERRIDE": '{"max_depth": 3}'}
    example = examples.get(name.rpartition("_")[2], '["*.txt", "*.md"]')
    return f"The environment variable {name} cannot be {os.environ.get(name)!r}: it must be JSON, such as '{example}'."


def _reason(item: dict[str, Any]) -> str:
    if item["type"] in _MESSAGES:
        return _MESSAGES[item["type"]]
    context = item.get("ctx", {})
    if item["type"] == "greater_than_equal":
        return f"it must be {_number(context['ge'])} or more"
    if item["type"] == "less_than_equal":
        return f"it must be {_number(context['le'])} or less"
    if item["type"] == "string_pattern_mismatch":
        return "it may contain lower-case letters, digits and dashes only"
    return str(item["msg"]).removeprefix("Value error, ").replace("Input should be", "it must be")


def _number(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"


def _suggestion(name: str, known: set[str], value: object = None) -> str:
    def likeness(other: str) -> float:
        """Compare also with the beginning of a name: people write `stable` for `stable_seconds`."""
        return max(difflib.SequenceMatcher(None, name, part).ratio() for part in (other, other[: len(name)]))

    best = max(sorted(known), key=likeness)
    if likeness(best) > 0.6:
        return f" Did you mean {best}?"
    if isinstance(value, dict):
        return " Settings stand at the top of the file, outside any [section]."
    return " `longshore init` writes a file with all settings."


def _source_of(name: str, given: set[str]) -> str:
    if name in given:
        return "a flag or parameter"
    names = [name, *(old for old, new in _RENAMED.items() if new == name)]
    variables = {variable.upper() for variable in os.environ}
    for variable in (f"{ENV_PREFIX}{one.upper()}" for one in names):
        if variable in variables:
            return f"the environment variable {variable}"
    return str(settings_path())

"""What a person sets is checked, and wins in the order that the reference promises."""

import tomllib

import pytest

from longshore.cli.scaffold import settings_file
from longshore.errors import SettingsError
from longshore.settings import Feed, Settings, SettingsWarning, load_settings


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("STABLE_SECONDS", "WORKERS"):
        monkeypatch.delenv(f"LONGSHORE_{name}", raising=False)
    return tmp_path


def test_a_flag_beats_the_environment_which_beats_the_file(project, monkeypatch):
    (project / "longshore.toml").write_text("stable_seconds = 1\nworkers = 3\nserver_port = 9000\n")
    monkeypatch.setenv("LONGSHORE_STABLE_SECONDS", "2")
    monkeypatch.setenv("LONGSHORE_WORKERS", "4")
    settings = load_settings(stable_seconds=7)
    assert (settings.stable_seconds, settings.workers, settings.server_port) == (7, 4, 9000)


def test_a_flag_that_was_not_given_changes_nothing():
    assert load_settings(landing=None, stable_seconds=None) == load_settings()


def test_an_unknown_key_in_the_file_names_the_nearest_known_one(project):
    (project / "longshore.toml").write_text("stabel_seconds = 1\n")
    with pytest.raises(SettingsError, match=r"'stabel_seconds'.*stable_seconds"):
        load_settings()


def test_an_unknown_variable_names_the_nearest_known_one(monkeypatch):
    monkeypatch.setenv("LONGSHORE_STABEL", "1")
    with pytest.raises(SettingsError, match=r"LONGSHORE_STABEL is not a setting.*LONGSHORE_STABLE_SECONDS"):
        load_settings()


def test_a_wrong_value_says_which_setting_and_where_it_came_from(monkeypatch):
    monkeypatch.setenv("LONGSHORE_WORKERS", "many")
    with pytest.raises(SettingsError, match=r"workers \(from the environment variable LONGSHORE_WORKERS\).*'many'"):
        load_settings()


def test_broken_toml_names_the_line(project):
    (project / "longshore.toml").write_text("stable_seconds = \n")
    with pytest.raises(SettingsError, match=r"longshore.toml is not valid TOML.*line 1"):
        load_settings()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b'include = "*.txt"', "it must be a list"),
        (b'max_file_bytes = "64 MiB"', "it must be a whole number"),
        (b"workers = 1.5", "it must be a whole number"),
        (b"stable_seconds = -1", "it must be 0 or more"),
        (b"landing = 3", "it must be a path, in quotes"),
        (b'after_ingest = "move"', "it must be 'archive', 'delete' or 'keep'"),
        (b'alert_block = "ops"', "it must be type/name"),
        (b'project = "A B"', "lower-case letters, digits and dashes"),
        (b"declared_encodings = 3", "it must be a table"),
        (b"[archive_limits_override]\nmax_deepness = 3", "it must be 'max_members', 'max_ratio' or 'max_depth'"),
        (b"[longshore]\nworkers = 3", "outside any \\[section\\]"),
        (b'landing = "\xff"', "is not UTF-8, at byte 11"),
    ],
)
def test_what_cannot_be_used_is_said_in_plain_words(project, written, said):
    (project / "longshore.toml").write_bytes(written)
    with pytest.raises(SettingsError, match=said):
        load_settings()


@pytest.mark.parametrize(("name", "example"), [("INCLUDE", r'\["\*\.txt'), ("DECLARED_ENCODINGS", "cp850")])
def test_a_list_in_a_variable_that_is_no_json_is_shown_how_it_is_written(monkeypatch, name, example):
    monkeypatch.setenv(f"LONGSHORE_{name}", "*.txt")
    with pytest.raises(SettingsError, match=rf"LONGSHORE_{name} cannot be '\*\.txt': it must be JSON, .*{example}"):
        load_settings()


def test_a_settings_file_that_is_none_is_not_passed_over(project):
    (project / "longshore.toml").mkdir()
    with pytest.raises(SettingsError, match="not a file"):
        load_settings()


def test_a_time_zone_that_does_not_exist_is_an_error():
    with pytest.raises(SettingsError, match=r"no time zone 'Europe/Atlantis'"):
        load_settings(schedule_timezone="Europe/Atlantis")


def test_an_encoding_that_does_not_exist_is_an_error():
    with pytest.raises(SettingsError, match="klingon"):
        load_settings(declared_encodings={"*.txt": "klingon"})


@pytest.mark.parametrize(("landing", "warehouse"), [("x", "x"), ("w/records/in", "w"), ("x", "x/inner")])
def test_landing_and_warehouse_must_not_be_in_each_other(landing, warehouse):
    with pytest.raises(SettingsError, match="separate folders"):
        load_settings(landing=landing, warehouse=warehouse)


@pytest.mark.parametrize("source", ["file", "environment", "flag"])
def test_a_setting_of_the_version_before_works_under_its_old_name_and_warns(project, monkeypatch, source):
    old = {"settle_seconds": 7, "max_pack_bytes": 9, "max_pack_members": 11, "max_pack_ratio": 13, "max_pack_depth": 3}
    flags = {}
    if source == "file":
        (project / "longshore.toml").write_text("".join(f"{name} = {value}\n" for name, value in old.items()))
    elif source == "environment":
        for name, value in old.items():
            monkeypatch.setenv(f"LONGSHORE_{name.upper()}", str(value))
    else:
        flags = old
    with pytest.warns(SettingsWarning) as warned:
        settings = load_settings(**flags)
    limits = settings.limits_of_archives
    assert settings.stable_seconds == 7
    assert (limits.max_bytes, limits.max_members, limits.max_ratio, limits.max_depth) == (9, 11, 13, 3)
    assert any("`settle_seconds`" in str(one.message) and "`stable_seconds`" in str(one.message) for one in warned)
    assert len(warned) == len(old)


def test_the_new_name_wins_over_the_old_one(project):
    (project / "longshore.toml").write_text("settle_seconds = 7\nstable_seconds = 8\n")
    with pytest.warns(SettingsWarning):
        assert load_settings().stable_seconds == 8


def test_a_stronger_source_wins_also_under_the_old_name(project, monkeypatch):
    (project / "longshore.toml").write_text("stable_seconds = 8\n")
    monkeypatch.setenv("LONGSHORE_SETTLE_SECONDS", "7")
    with pytest.warns(SettingsWarning):
        assert load_settings().stable_seconds == 7


@pytest.mark.parametrize(
    "line",
    [
        "rewrite_wait_seconds = 5",
        "schedule_interval_seconds = 15",
        "zstd_level = 9",
        'language_engine = "fasttext"',
        'repair_policy = "ftfy-defaults"',
    ],
)
def test_a_removed_setting_warns_and_changes_nothing(project, line):
    (project / "longshore.toml").write_text(line)
    with pytest.warns(SettingsWarning, match=line.split()[0]):
        settings = load_settings()
    (project / "longshore.toml").unlink()
    assert settings == load_settings()


def test_single_archive_limits_replace_those_of_the_preset():
    limits = load_settings(archive_limits="large", archive_limits_override={"max_depth": 1}).limits_of_archives
    assert (limits.max_members, limits.max_ratio, limits.max_depth) == (1_000_000, 1_000, 1)


def test_settings_cannot_be_changed_after_they_were_checked():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().workers = 3


def test_the_commented_file_names_every_setting_and_is_valid_when_uncommented(project):
    text = settings_file()
    for name in Settings.model_fields:
        assert f"# {name} = " in text or f"# [{name}]" in text or f"# [[{name}]]" in text
    lines = [
        line.removeprefix("# ")
        for line in text.splitlines()
        if line.startswith("# [") or (line.startswith("# ") and " = " in line and "not set" not in line)
    ]
    known = Settings.model_fields | Feed.model_fields
    settings = [line for line in lines if line[0] in '["' or line.split(" = ")[0] in known]
    (project / "longshore.toml").write_text("\n".join(settings))
    assert tomllib.loads("\n".join(settings))
    tables = {"declared_encodings", "archive_limits_override", "kinds", "feeds"}
    assert load_settings().model_dump(exclude=tables) == Settings.model_construct(
        **{name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()}
    ).model_dump(exclude=tables)

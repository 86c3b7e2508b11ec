"""The catalogue: what is taken in, which limit holds, who answers, what devices are shown."""

import hashlib
import json
from collections import Counter
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from server.app import create_app
from server.catalog.editing import change_limit, change_unit_hours
from server.catalog.importing import SEED_FILE, import_catalog, initials
from server.catalog.initialising import fill_new_database
from server.catalog.limits import limit_for
from server.catalog.lookup import category, condition, crews_of, unit, unit_for
from server.catalog.models import CatalogFile, Category, Condition, TimeLimit, Unit
from server.catalog.publishing import publish_category
from server.cli import main
from server.config import read_settings
from server.db import db
from server.demo.divisions import fill_divisions
from server.feed import transaction
from server.feed.models import FeedRow
from server.worktime.arithmetic import add_limit
from server.worktime.loading import calendar_for, last_known_on
from server.worktime.models import CalendarDay, WorkSchedule
from server.worktime.seeding import PUBLISHED, seed_calendar
from sync.errors import Refused

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
SEED = json.loads(SEED_FILE.read_text())["categories"]


@pytest.fixture
def catalog_app(any_app):
    """An initialised server, in context, on both databases."""
    with any_app.app_context():
        with transaction() as session:
            fill_new_database(session, NOW)
        yield any_app


def count(table) -> int:
    return db.session.scalar(select(func.count()).select_from(table))


@pytest.mark.usefixtures("catalog_app")
def test_every_category_comes_in_with_its_conditions_and_limits():
    assert count(Category) == len(SEED) == 272
    assert count(Condition) == sum(len(entry["conditions"]) for entry in SEED)
    for entry in SEED:
        for each in entry["conditions"]:
            limit = limit_for(db.session(), entry["key"], each["id"], None, "handle", TODAY)
            assert (limit.value, limit.unit) == (each["limit"]["value"], each["limit"]["unit"])
            assert entry["key"] in limit.source


@pytest.mark.usefixtures("catalog_app")
def test_a_component_s_case_is_called_by_its_matter():
    assert category(db.session(), "C01001").zh == "供水井盖异常"
    assert category(db.session(), "E09005").zh == "店外经营"


@pytest.mark.usefixtures("catalog_app")
def test_nothing_goes_by_rule_until_a_bureau_says_so():
    flags = {
        (each.auto_file, each.auto_dispatch, each.auto_close)
        for each in db.session.scalars(select(Category))
    }
    assert flags == {(False, False, False)}


@pytest.mark.usefixtures("catalog_app")
def test_where_the_rows_came_from_is_kept():
    noted = db.session.get(CatalogFile, SEED_FILE.name)
    assert noted.sha256 == hashlib.sha256(SEED_FILE.read_bytes()).hexdigest()
    assert "GB/T 47678.5" in noted.provenance["purpose"]
    assert "GB/T 47678.5" in db.session.get(Category, "E09006").source


@pytest.mark.usefixtures("catalog_app")
def test_taking_in_the_same_file_again_changes_nothing():
    with transaction() as session:
        session.get_one(Category, "E09006").zh = "占道经营（本市）"
        again = import_catalog(session)
    assert again.categories == 0
    assert db.session.get(Category, "E09006").zh == "占道经营（本市）"


@pytest.mark.usefixtures("catalog_app")
def test_a_condition_gives_its_own_limit_and_the_default_one_counts_when_none_is_named():
    def limit(code):
        found = limit_for(db.session(), "C01001", code, None, "handle", TODAY)
        return found.value, found.unit

    assert limit("missing_hazard") == (2, "hour")
    assert limit(None) == (2, "hour")
    assert condition(db.session(), "C01001", None).code == "missing_hazard"
    assert limit("broken") != (2, "hour")


@pytest.mark.usefixtures("catalog_app")
def test_stages_have_limits_of_their_own():
    limit = limit_for(db.session(), "E09006", "main", "360802001", "check", TODAY)
    assert (limit.value, limit.unit) == (4, "work_hour")
    assert limit_for(db.session(), "E09006", "main", None, "no such stage", TODAY) is None


@pytest.mark.usefixtures("catalog_app")
def test_an_area_s_own_limit_goes_before_the_general_one_within_its_dates():
    def add(area, value, since, until):
        row = {"category_key": "E06010", "condition_code": "main", "stage": "handle"}
        return TimeLimit(
            **row,
            area_code=area,
            value=value,
            unit="hour",
            effective_from=since,
            effective_to=until,
            source="test",
        )

    with transaction() as session:
        fill_divisions(session, NOW)
        session.add(add("360802", 8, date(2026, 1, 1), None))
        session.add(add("360802001", 6, date(2026, 10, 1), date(2026, 12, 1)))
        publish_category(session, session.get_one(Category, "E06010"), NOW)

    def value(area, on):
        return limit_for(db.session(), "E06010", "main", area, "handle", on).value

    assert value("360802001", date(2026, 11, 1)) == 6
    assert value("360802001", date(2026, 12, 1)) == 8  # its last day has passed
    assert value("360802001", date(2026, 9, 30)) == 8  # not in force yet
    assert value("360802002", date(2026, 11, 1)) == 8
    assert value("360902001", date(2026, 11, 1)) == 4
    assert value(None, date(2026, 11, 1)) == 4


@pytest.mark.usefixtures("catalog_app")
def test_what_moves_on_and_what_is_counted_in_vehicles_is_known():
    assert category(db.session(), "E09006").perishable
    assert category(db.session(), "E09009").perishable
    assert not category(db.session(), "E06013").perishable
    vehicles = category(db.session(), "E09010")
    assert (vehicles.unit_of_measure, vehicles.quantity_required) == ("辆", True)
    assert category(db.session(), "X06999").unit_of_measure == "条"
    assert category(db.session(), "E06010").unit_of_measure == "处"


@pytest.mark.parametrize(
    ("text", "letters"),
    [("店外经营", "dwjy"), ("供水井盖异常", "gsjgyc"), ("渣土运输无“两票”", "ztyswlp")],
)
def test_pinyin_initials_are_plain_letters(text, letters):
    assert initials(text) == letters


@pytest.mark.usefixtures("catalog_app")
def test_devices_are_shown_every_category_condition_and_special_day():
    rows = Counter(db.session.scalars(select(FeedRow.entity).where(FeedRow.scope == "catalog")))
    assert rows["category"] == 272
    assert rows["condition"] == count(Condition)
    shown = set(db.session.scalars(select(FeedRow.id).where(FeedRow.entity == "calendar_day")))
    assert {"2026-10-01", "2026-10-10", "2027-02-06"} <= shown
    assert "2026-11-20" not in shown  # an ordinary Friday
    data = db.session.get(FeedRow, ("catalog", "condition", "E09006:main")).data
    assert json.loads(data)["limit"] == {"value": 2, "unit": "hour"}


@pytest.mark.usefixtures("catalog_app")
def test_an_edit_is_seen_by_the_next_transaction_only_and_at_once():
    assert not category(db.session(), "E06010").auto_file
    with transaction() as session:
        row = session.get_one(Category, "E06010")
        row.auto_file = True
        row.version += 1
        publish_category(session, row, NOW)
        assert not category(session, "E06010").auto_file
    assert category(db.session(), "E06010").auto_file


@pytest.mark.usefixtures("catalog_app")
def test_an_edit_by_another_process_is_seen():
    assert not category(db.session(), "E06010").auto_file
    db.session.rollback()
    with db.engine.begin() as other:  # as another process would: past this one's caches
        other.exec_driver_sql("UPDATE category SET auto_file = true WHERE key = 'E06010'")
        other.exec_driver_sql("UPDATE scope_counter SET seq = seq + 1 WHERE scope = 'catalog'")
    assert category(db.session(), "E06010").auto_file


@pytest.mark.usefixtures("catalog_app")
def test_the_calendar_knows_published_years_and_marks_the_next_as_provisional():
    assert last_known_on(db.session()) == date(2026, 12, 31)
    day = db.session.get(CalendarDay, date(2027, 2, 8))
    assert (day.working, day.provisional, day.name) == (False, True, "春节")
    make_up = db.session.get(CalendarDay, date(2026, 9, 20))
    assert make_up.working
    assert not make_up.provisional


@pytest.mark.usefixtures("catalog_app")
def test_an_administrator_s_day_survives_seeding_and_a_provisional_one_is_settled():
    with transaction() as session:
        own = session.get_one(CalendarDay, date(2026, 11, 23))
        own.working, own.source, own.name = False, "admin", "停电检修"
        guessed = session.get_one(CalendarDay, date(2026, 11, 24))
        guessed.source, guessed.provisional, guessed.working = "statutory", True, False
        changed = seed_calendar(session, 2026, 2027)
    assert [(row.day_on, row.source) for row in changed] == [(date(2026, 11, 24), PUBLISHED)]
    assert not db.session.get(CalendarDay, date(2026, 11, 23)).working
    settled = db.session.get(CalendarDay, date(2026, 11, 24))
    assert settled.working
    assert not settled.provisional


@pytest.mark.usefixtures("catalog_app")
def test_a_unit_s_schedule_changes_its_clock():
    friday = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # 17:00 in Shanghai
    dues = {
        code: add_limit(friday, 1, "work_day", calendar_for(db.session(), code, NOW)).at
        for code in ("office", "seven_days", "always", None)
    }
    assert dues["office"] == dues[None] == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert dues["seven_days"] == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    assert dues["always"] == datetime(2026, 11, 21, 16, 0, tzinfo=UTC)


@pytest.mark.usefixtures("catalog_app")
def test_edited_working_hours_move_deadlines():
    office = db.session.get(WorkSchedule, "office")
    assert office.spans == [["08:30", "12:00"], ["14:00", "17:30"]]
    with transaction() as session:
        session.get_one(WorkSchedule, "office").spans = [["09:00", "16:00"]]
        publish_category(session, session.get_one(Category, "E06010"), NOW)
    friday = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    due = add_limit(friday, 1, "work_day", calendar_for(db.session(), "office", NOW)).at
    assert due == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.usefixtures("in_demo_app")
def test_a_street_may_have_a_limit_of_its_own():
    session, today = db.session(), NOW.date()
    usual = limit_for(session, "E06036", "main", "360802002", "handle", today)
    session.rollback()
    change_limit("E06036", "main", "handle", 3, "hour", today, NOW, "360802001")
    own = limit_for(db.session(), "E06036", "main", "360802001", "handle", today)
    assert (own.value, own.unit) == (3, "hour")
    assert limit_for(db.session(), "E06036", "main", "360802002", "handle", today) == usual
    db.session.rollback()
    change_limit("E06036", "main", "handle", 5, "hour", today, NOW, "360802001")
    assert limit_for(db.session(), "E06036", "main", "360802001", "handle", today).value == 5


@pytest.mark.usefixtures("in_demo_app")
def test_a_unit_works_by_the_schedule_that_it_is_given():
    row = db.session.scalars(select(Unit).where(Unit.schedule_code == "office")).first()
    unit_id = row.id
    db.session.rollback()
    change_unit_hours(unit_id, "seven_days", NOW)
    assert unit(db.session(), unit_id).schedule_code == "seven_days"
    db.session.rollback()
    for wrong in ((unit_id, "never"), ("nobody", "office")):
        with pytest.raises(Refused):
            change_unit_hours(*wrong, NOW)


@pytest.mark.usefixtures("in_demo_app")
def test_the_narrower_responsibility_wins_and_no_unit_is_no_unit():
    session = db.session()
    offices = {unit_for(session, "E09006", f"36080200{n}") for n in (1, 2, 3)}
    assert len(offices) == 3
    assert unit_for(session, "E09006", None) is None
    sanitation = unit_for(session, "E06042", "360802001")
    assert sanitation == unit_for(session, "E06042", None)
    assert unit(session, sanitation).name == "区环境卫生管理所"
    assert "环卫机动班" in [each.name for each in crews_of(session, sanitation)]
    assert unit_for(session, "C01013", "360802001") is None


def test_the_commands_answer(in_demo_app):
    runner = in_demo_app.test_cli_runner()
    answered = runner.invoke(main.commands["deadline"], ["2026-09-18 16:30", "4 work_hour"])
    assert answered.output == "2026-09-20 11:30\n"
    provisional = runner.invoke(main.commands["deadline"], ["2026-12-31 09:00", "2 work_day"])
    assert provisional.stdout == "2027-01-05 17:30\n"
    assert "2026-12-31" in provisional.stderr
    holidays = runner.invoke(main.commands["calendar"], ["2026"])
    assert "2026-10-10 Sat working" in holidays.output
    assert "248 working days of 365" in holidays.output


def test_a_deadline_can_be_asked_for_before_there_is_a_database(tmp_path):
    app = create_app(read_settings({"XUNCHENG_HOME": str(tmp_path)}))
    answered = app.test_cli_runner().invoke(
        main.commands["deadline"], ["2026-09-18 16:30", "4 work_hour"]
    )
    assert answered.stdout == "2026-09-20 11:30\n"
    assert "published calendar" in answered.stderr


def test_a_server_that_is_no_demo_refuses_to_fill_it(app):
    refused = app.test_cli_runner().invoke(main.commands["demo"])
    assert refused.exit_code != 0
    assert refused.exception.code == "demo_only"

"""Dates: every spelling, its precision, and the order of day and month."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from peachdash.errors import BadInput
from peachdash.ingest.dates import ParsedDates, parse_dates
from peachdash.ingest.model import DateOrder

TODAY = dt.date(2026, 11, 22)
COUNTED_FROM = pd.Timestamp("2024-03-31 15:00")


def parse(*texts: str | None, order: DateOrder | None = None) -> ParsedDates:
    cells = pd.Series(texts, dtype="str")
    counted_from = pd.Series(COUNTED_FROM, index=cells.index)
    return parse_dates(cells, column="Date", counted_from=counted_from, today=TODAY, order=order)


def days(*texts: str | None, order: DateOrder | None = None) -> list[str | None]:
    return [None if pd.isna(day) else str(day.date()) for day in parse(*texts, order=order).days]


@pytest.mark.parametrize(
    "text",
    [
        "2023-11-13",
        "2023-11-13T10:00:00Z",
        "2023-11-13T23:30:00.123+02:00",
        "2023-11-13 10:00",
        "2023/11/13",
        "2023.11.13",
        "20231113",
        "1699862400",
        "1699862400.0",
        "1699862400000",
        "45243",
        "45243.75",
        "Nov 13, 2023",
        "November 13th, 2023",
        "13 Nov 2023",
        "13-Nov-23",
        "13th of November 2023",
        "13. november 2023",
        "13 de noviembre de 2023",
        "Mon, 13 Nov 2023 19:54:05 GMT",
        "Reviewed on November 13, 2023",
        "13/11/2023",
        "11/13/2023 08:00:00 PM",
        "13.11.23",
    ],
)
def test_spellings_of_one_day(text: str) -> None:
    found = parse(text)
    assert found.days.dt.date.tolist() == [dt.date(2023, 11, 13)]
    assert found.precision.tolist() == ["day"]


@pytest.mark.parametrize(
    ("text", "day", "precision"),
    [
        ("Nov 2023", "2023-11-01", "month"),
        ("2023-11", "2023-11-01", "month"),
        ("11/2023", "2023-11-01", "month"),
        ("2023", "2023-01-01", "year"),
    ],
)
def test_vaguer_dates(text: str, day: str, precision: str) -> None:
    assert days(text) == [day]
    assert parse(text).precision.tolist() == [precision]


@pytest.mark.parametrize("month", ["janvier", "Januar", "enero", "gennaio", "Jan."])
def test_january_in_several_languages(month: str) -> None:
    assert days(f"2 {month} 2023") == ["2023-01-02"]


@pytest.mark.parametrize(
    ("text", "month"),
    [("1 mars 2023", 3), ("1 März 2023", 3), ("1 maj 2023", 5), ("1 juin 2023", 6), ("1 juillet 2023", 7),
     ("1 août 2023", 8), ("1 agosto 2023", 8), ("1 ottobre 2023", 10), ("1 dez 2023", 12)],
)  # fmt: skip
def test_months_that_look_alike(text: str, month: int) -> None:
    assert days(text) == [f"2023-{month:02}-01"]


@pytest.mark.parametrize(
    ("text", "day", "precision"),
    [
        ("3 months ago", "2023-12-31", "month"),
        ("a month ago", "2024-02-29", "month"),
        ("Edited a year ago", "2023-03-31", "year"),
        ("Posted 1 year ago", "2023-03-31", "year"),
        ("2 weeks ago", "2024-03-17", "week"),
        ("in the last week", "2024-03-31", "week"),
        ("a day ago", "2024-03-30", "day"),
        ("yesterday", "2024-03-30", "day"),
        ("10 hours ago", "2024-03-31", "day"),
        ("20 hours ago", "2024-03-30", "day"),
        ("45 minutes ago", "2024-03-31", "day"),
        ("just now", "2024-03-31", "day"),
        ("five days ago", "2024-03-26", "day"),
        ("5 mo ago", "2023-10-31", "month"),
        ("2w", "2024-03-17", "week"),
        ("hace 3 meses", "2023-12-31", "month"),
        ("il y a un an", "2023-03-31", "year"),
        ("vor 3 Monaten", "2023-12-31", "month"),
        ("for 3 måneder siden", "2023-12-31", "month"),
    ],
)
def test_relative_dates(text: str, day: str, precision: str) -> None:
    found = parse(text)
    assert days(text) == [day]
    assert found.precision.tolist() == [precision]
    assert found.relative


@pytest.mark.parametrize(
    "text", ["soon", "2023-02-30", "31/02/2023", "99999", "12345678901", "a long time ago", "3"]
)
def test_what_is_no_date_is_unknown_and_counted(text: str) -> None:
    found = parse(text, None)
    assert found.days.isna().all()
    assert found.precision.tolist() == ["unknown", "unknown"]
    assert (found.unreadable, found.unlikely) == (1, 0)


def test_before_1995_and_in_the_future_are_unlikely() -> None:
    found = parse("1994-12-31", "1995-01-01", "2026-11-23", "2026-11-24", "0001-01-01")
    assert found.days.notna().tolist() == [False, True, True, False, False]
    assert found.unlikely == 3
    assert found.precision.tolist() == ["unknown", "day", "day", "unknown", "unknown"]


def test_one_day_over_twelve_settles_the_whole_column() -> None:
    assert days("03/04/2024", "13/04/2024") == ["2024-04-03", "2024-04-13"]
    assert days("03/04/2024", "04/13/2024") == ["2024-03-04", "2024-04-13"]
    assert parse("03/04/2024", "04/13/2024").order == "mdy"


def test_dots_put_the_day_first_unless_the_column_says_otherwise() -> None:
    assert days("03.04.2024") == ["2024-04-03"]
    assert days("03.04.2024", "03.14.2024") == ["2024-03-04", "2024-03-14"]


def test_an_open_order_asks_with_both_readings() -> None:
    with pytest.raises(BadInput) as question:
        parse("05/05/2024", "03/04/2024")
    message = str(question.value)
    assert "'03/04/2024' is 3 Apr 2024 with the day first and 4 Mar 2024 with the month first" in message
    assert "'Date'" in message
    assert "--date-order dmy or --date-order mdy" in message


def test_a_given_order_settles_it() -> None:
    assert days("03/04/2024", order="dmy") == ["2024-04-03"]
    assert days("03/04/2024", order="mdy") == ["2024-03-04"]


def test_a_given_order_does_not_bend_dates_that_have_one_reading() -> None:
    assert days("25/12/2023", "03/04/2024", order="mdy") == ["2023-12-25", "2024-03-04"]


def test_a_contradictory_column_asks_only_where_it_matters() -> None:
    assert days("13/04/2024", "05/16/2024", "02/02/2024") == ["2024-04-13", "2024-05-16", "2024-02-02"]
    with pytest.raises(BadInput, match="'01/02/2024'"):
        parse("13/04/2024", "05/16/2024", "01/02/2024")


def test_equal_day_and_month_need_no_answer() -> None:
    assert days("05/05/2024") == ["2024-05-05"]


def test_two_digit_years() -> None:
    assert days("13/11/69", "13/11/98", "13/11/23") == [None, "1998-11-13", "2023-11-13"]


def test_rows_keep_their_index_and_count_from_their_own_day() -> None:
    cells = pd.Series(["a week ago", None, "a week ago"], index=[5, 7, 9], dtype="str")
    counted_from = pd.Series(pd.to_datetime(["2024-01-08", "2024-01-08", "2020-01-08"]), index=[5, 7, 9])
    found = parse_dates(cells, column="Date", counted_from=counted_from, today=TODAY)
    assert found.days.dropna().astype(str).to_dict() == {5: "2024-01-01", 9: "2020-01-01"}


def test_an_empty_column() -> None:
    found = parse()
    assert (len(found.days), found.unreadable, found.order) == (0, 0, None)
    assert days(None, None) == [None, None]

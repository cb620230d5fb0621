"""Rejected rows as a file: corrected and read again, they are ordinary rows."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from peachdash.ingest import read_export
from peachdash.ingest.readers import read_table
from peachdash.ingest.rejecting import MARKERS, mendable, mendable_from_raw
from peachdash.ui.formatting import safe_csv

DATA = (
    b"reviewer,text,stars,shop\nAnn,fine soup,5,Cafe\nBob,,,Cafe\n"
    b"Cam,=SUM(1),4,Cafe,surplus\nDee,one field too few,3\n"
)


def read(data: bytes):
    return read_export(data, "x.csv", hash_key=b"key", today=dt.date(2026, 11, 22))


def test_rejected_rows_keep_their_columns_and_say_what_is_wrong():
    frame = mendable(read_table(DATA, "x.csv"), read(DATA).rejects)
    assert list(frame.columns) == [*MARKERS, "reviewer", "text", "stars", "shop"]
    assert frame["rejected row"].tolist() == [2, 3, 4]
    assert frame["reviewer"].tolist() == ["Bob", "Cam", "Dee"]
    assert frame["shop"].tolist() == ["Cafe", "Cafe surplus", ""]
    assert frame["rejected because"].iloc[0] == "neither text nor stars"


def test_corrected_rows_are_accepted_as_they_would_have_been():
    frame = mendable(read_table(DATA, "x.csv"), read(DATA).rejects)
    frame.loc[0, "stars"] = "2"
    frame.loc[:, "shop"] = "Cafe"
    content = safe_csv(frame)
    assert b"'=SUM(1)" in content
    again = read(content)
    assert again.rejects.empty
    assert again.rows["text"].tolist()[1:] == ["=SUM(1)", "one field too few"]
    assert again.rows["stars"].tolist() == [2, 4, 3]
    assert not set(MARKERS) & set(again.recognition.columns)


def test_stored_rejects_come_without_names():
    frame = mendable_from_raw(read(DATA).rejects)
    assert "Bob" not in frame.to_csv()
    assert frame["shop"].iloc[0] == "Cafe"
    assert read(safe_csv(frame.assign(stars="1", shop="Cafe"))).rejects.empty


def test_other_files_are_left_alone():
    frame = read_table(b"text,shop\n'=quoted,Cafe\n", "x.csv").frame
    assert frame["text"].tolist() == ["'=quoted"]
    assert isinstance(frame, pd.DataFrame)

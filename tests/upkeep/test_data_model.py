"""`docs/data-model.md` names every table and column, as they are, with a sentence for each."""

from scripts import data_model

PAGE = data_model.PAGE.read_text(encoding="utf-8")


def test_the_page_is_as_the_tables_are():
    printed = data_model.print_page(data_model.read_sentences(PAGE))
    assert printed == PAGE, "run: .venv/bin/python -m scripts.data_model"


def test_every_table_and_column_is_described():
    assert list(data_model.missing(data_model.read_sentences(PAGE))) == []


def test_a_sentence_says_something():
    sentences = data_model.read_sentences(PAGE)
    said = [*sentences.tables.values(), *sentences.columns.values()]
    assert len(said) > 400
    assert all(len(each) >= 4 and each.endswith((".", "…")) for each in said)


def test_what_nobody_described_is_named():
    sentences = data_model.read_sentences(PAGE)
    del sentences.columns["case", "state"]
    del sentences.tables["grid"]
    assert sorted(data_model.missing(sentences)) == ["case.state", "grid"]

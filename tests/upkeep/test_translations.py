"""The English catalogue is whole and compiled."""

from server.translations import catalogue


def test_every_text_of_the_program_is_in_the_catalogue_and_translated() -> None:
    kept = {message.id for message in catalogue.present() if message.id and message.string}
    found = {message.id for message in catalogue.collect() if message.id}
    assert found - kept == set(), "run `make words`, then translate what it names"


def test_the_catalogue_holds_nothing_that_the_program_no_longer_says() -> None:
    kept = {message.id for message in catalogue.present() if message.id}
    found = {message.id for message in catalogue.collect() if message.id}
    assert kept - found == set(), "run `make words`"


def test_placeholders_are_the_same_in_both_languages() -> None:
    for message in catalogue.present():
        if message.id:
            assert not list(message.check()), message.id


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    assert catalogue.COMPILED.read_bytes() == catalogue.compiled(catalogue.present())

"""Which databases a ledger may lie in, and what is said of the others."""

from pathlib import Path

import pytest

from worker.errors import LedgerRefused, LedgerUnavailable
from worker.ledger.operations.rows import storable
from worker.ledger.stores.opening import open_reading, open_store
from worker.ledger.stores.postgres import open_postgres
from worker.ledger.stores.url import name_of, parse


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x"])
def test_a_ledger_that_would_forget_is_refused(url: str) -> None:
    with pytest.raises(LedgerRefused, match="plain file"):
        open_store(url)


def test_another_product_is_refused_by_name() -> None:
    with pytest.raises(LedgerRefused, match="mysql"):
        open_store("mysql://root:hunter2@db/ledger")


@pytest.mark.parametrize("url", ["hunter2", "postgresql://u:hunter2@host:port/db"])
def test_a_url_that_cannot_be_read_is_never_repeated(url: str) -> None:
    with pytest.raises(LedgerRefused) as caught:
        open_store(url)

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_database_is_called_by_a_name_without_its_password() -> None:
    store = open_postgres(parse("postgresql://ledger:hunter2@db/ledger"))

    assert "hunter2" not in store.name
    assert "db/ledger" in store.name
    assert not store.sole


@pytest.mark.parametrize("query", ["password=hunter2", "sslpassword=hunter2&sslmode=require", "options=hunter2"])
def test_a_database_is_called_by_a_name_without_what_its_query_hides(query: str) -> None:
    url = f"postgresql+psycopg://ledger@db/ledger?{query}"

    for name in (open_store(url).name, open_reading(url).name, name_of(url)):
        assert "hunter2" not in name
        assert "db/ledger" in name


def test_the_harmless_part_of_a_query_is_reported() -> None:
    assert name_of("postgresql:///ledger?host=/run/pg&sslmode=require") == (
        "postgresql:///ledger?host=%2Frun%2Fpg&sslmode=require"
    )


def test_a_file_is_called_by_its_path_alone(tmp_path: Path) -> None:
    assert name_of(f"sqlite:///{tmp_path}/ledger.db") == f"{tmp_path}/ledger.db"


def test_reading_never_makes_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.db"

    with pytest.raises(LedgerUnavailable, match="There is no ledger at"):
        open_reading(f"sqlite:///{path}")
    assert not path.parent.exists()


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(LedgerUnavailable, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path}/file/ledger.db")


def test_text_that_databases_refuse_is_made_harmless() -> None:
    assert storable("a\0b\ud800c") == "a\N{REPLACEMENT CHARACTER}b?c"

"""Remembers every command in a database. The only room that knows SQLAlchemy and Alembic."""

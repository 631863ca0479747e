"""How a database is called where people read it: in logs, on the status page, in what the tools print."""

from sqlalchemy import URL

#: All else in a URL's query stays unsaid: the driver takes passwords there too, by names that may grow.
_HARMLESS = frozenset({"host", "port", "sslmode"})


def shown(url: URL) -> str:
    """Word a server's URL without its secrets, wherever in it they stand."""
    query = {name: value for name, value in url.query.items() if name in _HARMLESS}
    return url.set(query=query).render_as_string()

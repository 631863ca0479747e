"""What can be a host at all."""


def is_host(name: str) -> bool:
    """Whether a name or an address can be looked up; what cannot raises from within the look-up, as no failure of it.

    That is what is empty, holds what cannot be seen, or has an empty or overlong part between two dots.
    """
    try:
        return bool(name.encode("idna")) and name.isprintable() and " " not in name
    except UnicodeError:
        return False

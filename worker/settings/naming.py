"""How a setting's place in the model becomes the name of a variable."""

from collections.abc import Iterator

from pydantic import BaseModel


def is_path(value: str) -> bool:
    """Whether it can be a path at all, and no certificate or key put where a path belongs."""
    return value.isprintable() and "-----BEGIN " not in value


def variables(model: type[BaseModel], before: str) -> Iterator[str]:
    """Every setting's variable, as it is exported; `before` is what all of them begin with."""
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from variables(section, f"{before}{name.upper()}__")
        else:
            yield f"{before}{name.upper()}"

"""The schema's history, carried inside the wheel."""

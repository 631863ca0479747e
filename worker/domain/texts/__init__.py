"""Texts of others: which are the same, what of them may be shown, and how."""

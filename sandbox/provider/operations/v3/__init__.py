"""The newer API: the profile and the name of whomever a key may act for."""

"""The commands a billing system may send. Field names and limits are the provider's; unknown fields are refused."""

# ruff: noqa: F403 - every command of these modules is for everybody; naming each once more would be one more place to forget
from messages.commands.changes import *
from messages.commands.command import *
from messages.commands.creation import *
from messages.commands.credentials import *
from messages.commands.customers import *
from messages.commands.profiles import *

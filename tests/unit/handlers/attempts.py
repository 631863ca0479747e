"""What a handler gets of an attempt, for tests to vary one thing at a time."""

from worker.domain.claims import Token
from worker.domain.identity import CommandKey
from worker.domain.work import Attempt

TOKEN = Token(CommandKey("billing", "evt_1"), "token-1")
FIRST = Attempt(TOKEN, begun=False, remembered=True, may_write=True)
BEGUN = Attempt(TOKEN, begun=True, remembered=True, may_write=True)
UNREMEMBERED = Attempt(TOKEN, begun=False, remembered=False, may_write=True)
LAST_LOOK = Attempt(TOKEN, begun=True, remembered=True, may_write=False)
NOTHING_LEFT = Attempt(TOKEN, begun=False, remembered=True, may_write=False)

"""The socket of a provider connection: one deadline for a whole call, and few system calls.

A socket's own timeout bounds each read alone, so a server that sends one byte a second is never too slow for it. It
costs, too: Python asks the kernel to switch the socket's mode at each change of the timeout and to wait before each
send, and every such call lets go of the interpreter, which another thread then takes. So the socket here never blocks;
what must wait, waits until the one deadline.
"""

import io
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from urllib3.util.wait import wait_for_read, wait_for_write


class DeadlineSocket:
    """Stands in for a connected socket, with what http.client and urllib3 use of one.

    What is written leaves at `flush`, in one piece: head and body in two packets would wake the server twice.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(0.0)
        self._socket = sock
        self._unsent: list[bytes] = []
        self._deadline = 0.0
        self.was_asked = False
        #: What came behind the end of an answer, in one piece with it.
        self.surplus = b""

    def settimeout(self, seconds: float | None) -> None:
        """Set the deadline of all that follows, so many seconds from now."""
        self._deadline = float("inf") if seconds is None else time.monotonic() + seconds

    def sendall(self, piece: bytes) -> None:
        """Keep a piece until `flush`."""
        self._unsent.append(piece)

    def flush(self) -> None:
        """Send what was kept. Raises TimeoutError at the deadline, OSError when the connection is gone."""
        unsent = memoryview(b"".join(self._unsent))
        self._unsent.clear()
        self.was_asked = True
        while unsent:
            try:
                unsent = unsent[self._socket.send(unsent) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self.wait(wait_for_write)
            except ssl.SSLWantReadError:
                self.wait(wait_for_read)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what the answer is read from; whoever asks for it has written everything."""
        self.flush()
        return _Reader(self, _Answer(self, self._socket))

    def is_silent(self) -> bool:
        """Whether nothing has come that nobody asked for, not even the end: only then may a request be sent.

        One look at the socket also sees what TLS holds back; what it has to say for itself is no answer.
        """
        if self.surplus:
            return False
        try:
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def wait(self, until_ready: Callable[[socket.socket, float], bool]) -> None:
        """Wait until the socket is ready. Raises TimeoutError at the deadline."""
        left = self._deadline - time.monotonic()
        if left <= 0 or not until_ready(self._socket, left):
            raise TimeoutError("the call did not end in time")

    def shutdown(self, how: int) -> None:
        """End the connection under whoever reads from it."""
        self._socket.shutdown(how)

    def close(self) -> None:
        """Let the socket go; an answer that is still being read keeps it open."""
        self._socket.close()


class _Reader(io.BufferedReader):
    """Reads one answer, and leaves with the line what it has read beyond its end."""

    def __init__(self, line: DeadlineSocket, answer: "_Answer") -> None:
        super().__init__(answer)
        self._line = line
        self._answer = answer

    def close(self) -> None:
        """Let the socket go. http.client does so at the answer's end."""
        if not self.closed:
            self._answer.is_over = True
            self._line.surplus = self.peek()
        super().close()


class _Answer(io.RawIOBase):
    """The bytes of one answer, read within the line's deadline."""

    def __init__(self, line: DeadlineSocket, sock: socket.socket) -> None:
        super().__init__()
        self._line = line
        self._socket = sock
        # Holds the socket open for as long as the answer is read, also when the connection has let go of it.
        self._hold = sock.makefile("rb", buffering=0)
        self.is_over = False

    def readable(self) -> bool:
        """Answers are only read."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any writable buffer, as io asks
        """Read what is there; wait for it when nothing is. None when nobody waits any more."""
        while not self.is_over:
            # What TLS has decrypted already is in no socket any more: it would be waited for in vain.
            if not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
                self._line.wait(wait_for_read)
            try:
                return self._socket.recv_into(buffer)
            except (BlockingIOError, ssl.SSLWantReadError):
                continue
        return None

    def close(self) -> None:
        """Let the socket go."""
        self._hold.close()
        super().close()

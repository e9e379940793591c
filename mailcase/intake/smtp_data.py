"""The bytes of one mail as they come after DATA: finds the end, counts what must not be there, undoes the dots."""

from __future__ import annotations

from mailcase.core.message import Limits

END = b"\r\n.\r\n"
LONGEST_LINE = 1024 * 1024 + 1  # with its CR
MOST_RECEIVED = 50
HEAD = Limits().header_block

TOO_LARGE = "552 5.3.4 The message is larger than the limit"
BARE = "550 5.6.0 The message has a bare CR, a bare LF or a NUL in it; lines end with CR LF (RFC 5321 section 2.3.8)"
LONG_LINE = "554 5.6.0 The message has a line of more than 1 MB"
LOOP = "554 5.4.6 The message has passed too many servers; it seems to go round in a loop"


class Body:
    """Collects the blocks of one mail up to CRLF.CRLF (RFC 5321 section 4.1.1.4).

    Only that sequence ends a mail: nothing with a bare CR or LF does, so that nobody can hide a second mail in a first
    one. Blocks are looked at as they come, one by one, so that a large mail does not hold up the others; what is over
    the limit, or cannot be kept for another reason, is read on and dropped.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.refusal = ""
        self._blocks: list[bytes] = []
        self._tail = b"\r\n"  # a dot in the first line is one at the beginning of a line
        self._wire = self._dots = self._line = 0
        self._returns = self._feeds = self._pairs = 0
        self._nul = False

    def feed(self, block: bytes) -> bytes | None:
        """Takes a block. Returns None while the end has not come, then what followed it (often empty)."""
        tail = self._tail
        border = (tail + block[:4]).find(END)  # an end that began in an earlier block
        dot = block.find(b".")  # a single byte is sought sixty times as fast: base64 has no dots
        dot = block.find(b"\r\n.", max(dot - 2, 0)) if dot >= 0 else -1
        inside = block.find(END, dot) if dot >= 0 else -1
        end = border + len(END) - len(tail) if border >= 0 else inside + len(END) if inside >= 0 else 0
        mine = block[:end] if end else block
        self._take(mine, may_have_dots=dot >= 0 and dot != inside)
        if end:
            return block[end:]
        self._tail = (tail + mine[-4:])[-4:]
        return None

    def refuse(self, reply: str) -> None:
        """Drops what came and what is still to come; `reply` is what the client is told at the end."""
        self.refusal = self.refusal or reply
        self._blocks.clear()

    @property
    def held(self) -> int:
        """How many bytes are held in memory."""
        return 0 if self.refusal else self._wire

    def content(self) -> bytes:
        """The mail as it was before it was put on the wire. Only after the end has come; b"" when it is refused."""
        if not self.refusal:
            self._judge()
        if self.refusal:
            return b""
        self._cut(3)  # the dot and its line end; the CRLF before it belongs to the mail
        content = b"".join(self._blocks)
        self._blocks.clear()
        if content.startswith(b"."):
            content = content[1:]
        return content.replace(b"\r\n.", b"\r\n") if self._dots > 1 else content  # one is the end

    def _take(self, block: bytes, may_have_dots: bool) -> None:
        if self.refusal:
            return
        self._wire += len(block)
        self._dots += (self._tail[-2:] + block[:2]).count(b"\r\n.")
        self._dots += block.count(b"\r\n.") if may_have_dots else block.endswith(END)
        if self._wire - self._dots > self.limit + 2:  # RFC 1870 section 5: doubled dots and the end do not count
            self.refuse(TOO_LARGE)
            return
        self._blocks.append(block)
        # Three counts cost 3 ms for a megabyte; the regular expression that says the same costs fifty.
        self._returns += len(block) - len(block.replace(b"\r", b""))  # faster than count for a single byte
        self._feeds += len(block) - len(block.replace(b"\n", b""))
        self._pairs += block.count(b"\r\n") + (self._tail[-1:] == b"\r" and block[:1] == b"\n")
        self._nul = self._nul or b"\0" in block
        self._measure_lines(block)

    def _measure_lines(self, block: bytes) -> None:
        """Refuses a line that is too long. Lines inside a block need no look: a block is mostly shorter than that."""
        first, last = block.find(b"\n"), block.rfind(b"\n")
        longest = self._line + (first if first >= 0 else len(block))
        if len(block) > LONGEST_LINE:
            longest = max(longest, *map(len, block.split(b"\n")))
        if longest > LONGEST_LINE:
            self.refuse(LONG_LINE)
        self._line = len(block) - 1 - last if last >= 0 else self._line + len(block)

    def _judge(self) -> None:
        if self._nul or not self._returns == self._feeds == self._pairs:
            self.refuse(BARE)
        elif self._hops() > MOST_RECEIVED:
            self.refuse(LOOP)

    def _hops(self) -> int:
        """How many Received fields the head has (RFC 5321 section 6.3)."""
        head = b""
        for block in self._blocks:
            head += block[:HEAD]
            end = head.find(b"\r\n\r\n")
            if end >= 0 or len(head) >= HEAD:
                head = head[: end if end >= 0 else HEAD]
                break
        head = head.lower()
        return head.count(b"\r\nreceived:") + head.startswith(b"received:")

    def _cut(self, count: int) -> None:
        """Takes `count` bytes off the end."""
        while count:
            block = self._blocks.pop()
            if len(block) > count:
                self._blocks.append(block[:-count])
                return
            count -= len(block)

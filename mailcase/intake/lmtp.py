"""What LMTP (RFC 2033) does differently: LHLO, one reply for each recipient, no TLS and no logins."""

from __future__ import annotations

from typing import ClassVar

from mailcase.intake.smtp import SmtpSession


class LmtpSession(SmtpSession):
    """For the local mail server. One mail is one row of the spool, so its recipients share one fate (A13)."""

    SOURCE: ClassVar[str] = "lmtp"
    OFFERS_TLS: ClassVar[bool] = False

    async def smtp_LHLO(self, arg: str) -> None:
        await self.greet(arg, extended=True)

    async def smtp_HELO(self, arg: str) -> None:
        await self.push("500 5.5.1 This is LMTP: say LHLO")

    async def smtp_EHLO(self, arg: str) -> None:
        await self.push("500 5.5.1 This is LMTP: say LHLO")

    async def answer_mail(self, reply: str) -> None:
        """RFC 2033 section 4.2: one reply for each RCPT that was accepted, in their order."""
        for _ in self.recipients:
            await self.push(reply)

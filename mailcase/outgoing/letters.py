"""From a `Reply`, which says what is to be written, to the bytes in the outbox: tokens, template, MIME."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from mailcase.core import token as tokens
from mailcase.core.compose import OutgoingAttachment, compose
from mailcase.core.decision import Reply
from mailcase.core.headers import ComposeError
from mailcase.core.message import Address
from mailcase.core.policy import Mailbox, Policy
from mailcase.outgoing import recipe
from mailcase.outgoing.templates import TemplateError, Templates
from mailcase.store.values import OutgoingMail

_IN_ANSWER = frozenset(("acknowledgement", "follow-up", "command-result", "case-shown", "confirm-agent"))


@dataclass(frozen=True, slots=True)
class Writer:
    """What letters are written with. `random` gives bytes, so that what is written can be repeated in a test."""

    policy: Policy
    templates: Templates
    random: Callable[[int], bytes]

    def write(
        self,
        reply: Reply,
        now: datetime,
        attachments: Sequence[OutgoingAttachment] = (),
        hold_id: int = 0,
        message_id: str = "",
    ) -> OutgoingMail:
        """The mail as it will be sent, byte for byte. A template that fails holds the mail: nothing half goes out (C3).

        Its bytes are then a recipe, to write it again when the template is mended. `hold_id` is the spool id of what
        caused this mail; `message_id` is for a mail that has its name already.
        """
        mailbox = self.policy.mailbox(reply.mailbox)
        secret = self.policy.secrets[0]
        domain = mailbox.address.rpartition("@")[2]
        message_id = message_id or tokens.message_id(secret, reply.case, self.random(16), domain)
        try:
            subject, raw = self._compose(reply, mailbox, message_id, now, attachments, hold_id)
            hold = ""
        except (TemplateError, ComposeError) as error:
            subject, raw, hold = reply.subject, recipe.pack(reply, hold_id), f"{reply.kind}: {error}"
        return OutgoingMail(
            case=reply.case or None,
            kind=reply.kind,
            mailbox=mailbox.name,
            envelope_from=self._envelope_from(reply, mailbox, now),
            recipients=tuple(a.address for a in (*reply.to, *reply.cc)),
            to=", ".join(a.address for a in reply.to),
            subject=subject,
            message_id=message_id,
            raw=raw,
            reason_key=reply.reason_key,
            automatic=reply.automatic,
            hold=hold,
        )

    def _compose(
        self,
        reply: Reply,
        mailbox: Mailbox,
        message_id: str,
        now: datetime,
        attachments: Sequence[OutgoingAttachment],
        hold_id: int,
    ) -> tuple[str, bytes]:
        values = {
            "number": reply.case,
            **reply.values,
            **self._rows(reply, mailbox, now),
            **self._links(reply, mailbox, now),
            "text": reply.text or reply.values.get("text", ""),
            "tag": mailbox.tag.format(number=reply.case) if reply.case else "",
            "mailbox_name": mailbox.display_name or mailbox.address,
            "address": mailbox.address,
            "signature": mailbox.signature,
        }
        rendered = self.templates.render(reply.kind, reply.language or mailbox.language, mailbox.name, values)
        mark = "" if not reply.automatic else "auto-replied" if reply.kind in _IN_ANSWER else "auto-generated"
        raw = compose(
            sender=self._sender(reply, mailbox),
            to=reply.to,
            cc=reply.cc,
            subject=rendered.subject,
            message_id=message_id,
            date=now,
            text=rendered.text,
            html=rendered.html,
            in_reply_to=reply.in_reply_to,
            references=reply.references,
            reply_to=self._reply_to(reply, mailbox, now, hold_id),
            automatic=mark,
            desk_id=self.policy.desk_id,
            language=reply.language or mailbox.language,
            attachments=attachments,
        )
        return rendered.subject, raw

    def _sender(self, reply: Reply, mailbox: Mailbox) -> Address:
        """Mail about a customer's mail shows the customer's name, always with the support address (O2)."""
        author = str(reply.values.get("author_name") or "")
        if reply.kind == "notification" and author:
            return Address(f"{author} ({mailbox.display_name or mailbox.name})", mailbox.address)
        return mailbox.sender

    def _token(self, kind: str, reply: Reply, now: datetime, number: int, bound: str = "") -> str:
        return tokens.make(self.policy.secrets[0], kind, number, now, self.random(5), bound)

    def _reply_to(self, reply: Reply, mailbox: Mailbox, now: datetime, hold_id: int) -> str:
        if not mailbox.plus:
            return mailbox.address if reply.agent else ""
        if reply.kind == "confirm-agent":
            return tokens.plus(mailbox.address, self._token(tokens.HOLD, reply, now, hold_id, reply.agent))
        if reply.agent:
            return tokens.plus(mailbox.address, self._token(tokens.AGENT, reply, now, reply.case, reply.agent))
        if not reply.case:
            return ""
        return tokens.plus(mailbox.address, self._token(tokens.CUSTOMER, reply, now, reply.case))

    def _rows(self, reply: Reply, mailbox: Mailbox, now: datetime) -> dict[str, object]:
        """The rows of a list with the address behind each, and links that fill in a command (A4)."""
        if not reply.agent or not mailbox.plus:
            return {}
        rows, sections = reply.values.get("cases"), reply.values.get("sections")
        if isinstance(sections, list):
            return {"sections": [
                {**one, "cases": [self._row(row, reply, mailbox, now) for row in one["cases"]]} for one in sections
            ]}  # fmt: skip
        return {"cases": [self._row(row, reply, mailbox, now) for row in rows]} if isinstance(rows, list) else {}

    def _row(self, row: dict[str, Any], reply: Reply, mailbox: Mailbox, now: datetime) -> dict[str, Any]:
        if not row.get("links"):
            return row
        to = tokens.plus(mailbox.address, self._token(tokens.LINK, reply, now, row["number"], reply.agent))
        subject = mailbox.tag.format(number=row["number"])
        links = [{"label": link["label"], "href": _mailto(to, subject, link["body"])} for link in row["links"]]
        return {**row, "links": links, "write_to": to}

    def _envelope_from(self, reply: Reply, mailbox: Mailbox, now: datetime) -> str:
        """The return path: null where RFC 3834 section 4 wants it, else one that brings a bounce home (VERP)."""
        if reply.null_sender:
            return ""
        if not mailbox.plus or not reply.case:
            return mailbox.address
        return tokens.plus(mailbox.address, self._token(tokens.BOUNCE, reply, now, reply.case))

    def _links(self, reply: Reply, mailbox: Mailbox, now: datetime) -> dict[str, object]:
        """The two addresses behind the "solved" and "not solved" links of the mail that asks to confirm."""
        if not reply.values.get("confirm") or not mailbox.plus:
            return {"confirm_to": "", "reject_to": ""}
        yes = self._token(tokens.CONFIRM, reply, now, reply.case)
        no = self._token(tokens.CUSTOMER, reply, now, reply.case)
        return {"confirm_to": tokens.plus(mailbox.address, yes), "reject_to": tokens.plus(mailbox.address, no)}


def _mailto(address: str, subject: str, body: str) -> str:
    """A mailto URI (RFC 6068) with a subject and a text filled in."""
    return f"mailto:{quote(address, safe='@+')}?subject={quote(subject, safe='')}&body={quote(body, safe='')}"

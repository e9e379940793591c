"""What the operator does from the command line: the same decisions as by mail, committed the same way."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailcase.asking import with_letter
from mailcase.config import Config
from mailcase.core.act import Refused, Words, Work, act, problem_lines, problem_of
from mailcase.core.case import ImpossibleMove
from mailcase.core.command import COMMANDS, Command, Order, Problem, Wrong
from mailcase.core.context import Desk
from mailcase.core.decision import Actor, CaseView, Outcome
from mailcase.core.message import Address
from mailcase.core.policy import Policy
from mailcase.errors import MailcaseError
from mailcase.lookup import final_cases
from mailcase.outgoing import recipe
from mailcase.outgoing.letters import Writer
from mailcase.outgoing.templates import load as load_templates
from mailcase.planning import desk_for
from mailcase.store import cases, letters, migrate, outbox, spool
from mailcase.store.engine import Database
from mailcase.store.errors import Moved
from mailcase.worker import apply
from mailcase.writing import originals, write_again, write_all

if TYPE_CHECKING:
    from sqlalchemy import Connection

# How often a decision is made again because the daemon changed the case meanwhile.
TRIES = 20


class NotDone(MailcaseError):
    """The command cannot be done on this case; nothing was changed."""


class Unknown(MailcaseError):
    """Something that was named does not exist, or is not of the right form."""

    exit_code = 2


class Operator:
    """The desk as seen from the command line: works while the daemon runs, and without it."""

    def __init__(self, config: Config) -> None:
        templates = load_templates(config.templates)
        self.policy: Policy = config.policy(templates.phrases, templates.answers)
        self.database = Database.open(config.database)
        migrate.check(self.database)
        self.writer = Writer(self.policy, templates, os.urandom)

    def check(self, name: str, argument: str) -> Command:
        """A command with its argument checked. Raises Unknown with what there is to choose from."""
        try:
            return Command(name, COMMANDS[name](argument, self.policy, datetime.now(UTC)))
        except Wrong as wrong:
            raise Unknown(*self._lines((wrong.problem,))) from None

    def actor(self, name: str) -> tuple[Actor, Address]:
        """Who acts: the agent called `name`, else the operator. Raises Unknown."""
        if not name:
            return Actor("operator"), Address("", "")
        agent = self.policy.agent(name)
        if agent is None:
            known = ", ".join(a.name for a in self.policy.agents) or "none"
            raise Unknown(f"there is no agent {name}; there are: {known}")
        return Actor("agent", agent.name), Address(agent.display_name, agent.address)

    def do(self, number: int, name: str, order: Order, words: Words, message: str = "") -> Work:
        """Carry out an order on a case. `message` is the Message-ID of the message that a split or a transfer is about.

        Raises NotDone, Unknown or StoreError; then nothing was changed.
        """
        key = f"cli:{secrets.token_hex(8)}"
        actor, author = self.actor(name)
        for _ in range(TRIES):
            try:
                return self._try(number, actor, author, order, words, key, message)
            except Moved:
                continue
            except (Refused, ImpossibleMove) as error:
                raise NotDone(*self._lines((problem_of(error),))) from None
        raise NotDone(f"case {number} is being changed all the time; try again")

    def write_again(self, number: int) -> None:
        """Write a held mail with the templates as they are now; it is due at once. Raises NotDone or StoreError."""
        now = datetime.now(UTC)
        with self.database.read() as conn:
            item = outbox.get(conn, number, with_raw=True)
            reply, spool_id = recipe.unpack(item.raw)
            cause = spool.read(conn, [spool_id]) if spool_id else []
            passed_on = originals(conn, (reply,))
        mail = write_again(item, reply, self.writer, now, cause[0] if cause else None, passed_on)
        if mail.hold:
            raise NotDone(mail.hold)
        with self.database.write() as conn:
            outbox.rewrite(conn, number, mail, now)

    def _try(
        self, number: int, actor: Actor, author: Address, order: Order, words: Words, key: str, message: str
    ) -> Work:
        now = datetime.now(UTC)
        follows = words.answers(order) or order.has("followup")
        with self.database.read() as conn:
            case = self._case(conn, number, follows)
            named = final_cases(conn, [int(c.argument) for c in order.commands if c.name in ("link", "merge")])
            found = {**named, case.number: case}
            desk = desk_for(conn, self.policy, now, case, case.requester, found)
            if order.has("split") or order.has("forward"):
                desk = self._with_letter(conn, desk, case, message)
        work = act(desk, case, actor, key, author, order, words)
        decision = work.change.finish("command-line", Outcome("note", work.change.case.number))
        with self.database.read() as conn:
            passed_on = originals(conn, decision.replies)
        mails = write_all(decision.replies, self.writer, now, passed_on=passed_on)
        held = [mail.hold for mail in mails if mail.hold]
        if held:
            raise NotDone(*held)
        with self.database.write() as conn:
            apply(conn, decision, mails, now, spool_id=None, versions={c.number: c.version for c in found.values()})
        return work

    def _case(self, conn: Connection, number: int, follows: bool) -> CaseView:
        """A case, where merges lead; for an answer on a closed one its active follow-up (F5). Raises NotDone."""
        case = cases.by_number(conn, cases.final_number(conn, number))
        if case is None:
            raise NotDone(f"there is no case {number}; mailcase case list shows what there is")
        active = cases.active_follow_up(conn, case.number) if case.closed and follows else None
        return (cases.by_number(conn, active) if active is not None else None) or case

    def _with_letter(self, conn: Connection, desk: Desk, case: CaseView, message: str) -> Desk:
        """The desk with the customer's message that is meant, else the newest. Raises Unknown."""
        bare = message.strip().removeprefix("<").removesuffix(">")
        letter, count = letters.answered(conn, case.number, (), bare)
        if letter is None and bare:
            raise Unknown(f"there is no message <{bare}> of a customer on case {case.number}")
        return with_letter(conn, desk, letter, count)

    def _lines(self, problems: tuple[Problem, ...]) -> list[str]:
        now = datetime.now(UTC)
        return problem_lines(problems, Desk(self.policy, now, 0), "en")

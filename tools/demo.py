"""`make demo`: a whole story against a real daemon, told as a table."""

from __future__ import annotations

import time

from tools.desk import Desk, text_of

ANNA, BOB = "Anna Berg <anna@example.org>", "Bob <bob@staff.example>"


class Story:
    """Tells each step as a line: who did what, and what became of the case."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.started = desk, time.monotonic()
        print(f"{'time':>6}  {'who':9} {'what':58} {'case':>5}  status")
        print("-" * 100)

    def tell(self, who: str, what: str, number: int | None = None, status: str = "") -> None:
        """One line; with `status` it waits until the case has it."""
        if number and status:
            self.desk.wait_for(lambda: self.desk.case(number)["status"] == status, f"case {number} is {status}")
        passed = time.monotonic() - self.started
        print(f"{passed:5.1f}s  {who:9} {what:58} {number or '':>5}  {status}", flush=True)


def main() -> None:
    """Tell it from the first mail to the follow-up case."""
    with Desk() as desk:
        story = Story(desk)
        desk.write(ANNA, "Printer does not print", "Hello,\n\nour printer has not printed since this morning.\n\nAnna")
        first = desk.read("anna@example.org")
        number = int(desk.json("case", "list")[0]["number"])
        story.tell("Anna", "writes to support@example.com", number, "new")
        story.tell("mailcase", f"acknowledges: {first['Subject']}"[:58])
        copy = desk.read("bob@staff.example")
        story.tell("mailcase", "gives the agents a copy, with a token for each in Reply-To")
        desk.write(BOB, "", "Hello Anna,\n\nplease switch it off and on again.\n\nBob", answers=copy)
        answer = desk.read("anna@example.org")
        story.tell("Bob", "answers his copy from his own mail client", number, "pending")
        private = "bob@staff.example" in answer.as_string()
        story.tell("mailcase", f"Anna gets it from {answer['From']}"[:58])
        story.tell("mailcase", f"Bob's own address in that mail: {'YES' if private else 'nowhere'}")
        desk.write(ANNA, "", "I did. Now it prints half a page.", answers=answer)
        copy = desk.read("bob@staff.example", "half a page")
        story.tell("Anna", "answers", number, "open")
        desk.write(BOB, "", "#note the fuser again, order one\n", answers=copy)
        desk.wait_for(lambda: any(m["direction"] == "note" for m in desk.case(number)["messages"]), "the note is there")
        story.tell("Bob", "#note: for colleagues only", number, "open")
        desk.write(BOB, "", "#resolve\nA new part is on its way, that will solve it.\n", answers=copy)
        asked = desk.read("anna@example.org", "on its way")
        story.tell("Bob", "#resolve, with a word to Anna", number, "resolved")
        yes = next(word for word in text_of(asked).split() if "mailto:" in word).partition("mailto:")[2]
        desk.write(ANNA, f"Re: {asked['Subject']}", "Yes, it is solved.", to=yes.partition("?")[0])
        closed = desk.read("anna@example.org", "closed")
        story.tell("Anna", "confirms with one tap on the link in the mail", number, "closed")
        story.tell("mailcase", f"says so: {text_of(closed).splitlines()[2]}"[:58])
        desk.write(ANNA, "", "It is broken again!", answers=closed)
        told = desk.read("anna@example.org")
        new = int(desk.case(number)["follow_ups"][0])
        story.tell("Anna", f"writes to the closed case {number}", number, "closed")
        story.tell("mailcase", f"opens a follow-up case: {told['Subject']}"[:58], new, "new")
        print("-" * 100)
        print(desk.run("case", "show", str(number)))
        print("-" * 100)
        print(desk.run("case", "show", str(new)))


if __name__ == "__main__":
    main()

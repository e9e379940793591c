"""From bytes to facts: what a mail says, who or what wrote it, what is new in it. `read.py` puts it together."""

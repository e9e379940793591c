"""mailcase: a support mailbox as a case desk.

The map: `intake` takes mail in, `store` keeps it, `core` decides, `outgoing` renders and sends,
`worker` and `scheduler` carry things between them, `daemon` builds and runs the parts, `cli` is the face.

The one rule: the core decides, everything else does.
"""

__version__ = "0.1.0"

"""The tasks, one module a chapter: ``TASKS`` maps a label such as ``"ex3"`` to a ``Task``."""

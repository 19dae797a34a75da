"""Explorers: a pure function of a few controls, drawn for every state that a reader can reach."""

from lipkit.teach.explorers._explorer import Explorer, explorer

__all__ = ["Explorer", "explorer"]

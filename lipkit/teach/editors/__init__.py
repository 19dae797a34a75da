"""Editors: what a reader types is computed anew, in a live notebook and in a page."""

from lipkit.teach.editors._kernel_editor import KernelEditor, kernel_editor

__all__ = ["KernelEditor", "kernel_editor"]

"""The kernel editor: nine taps that a reader types, computed anew in a notebook and in a page."""

from lipkit.teach.explorers.kernel._kernel_editor import KernelEditor, kernel_editor

__all__ = ["KernelEditor", "kernel_editor"]

"""One thread a process for NumPy: a core has a process of its own, and what we multiply is small.

OpenBLAS would wake a thread on every core for a product of a few thousand numbers, and wait for it in a loop: a tenth
of a run's processor time. (Not OMP_NUM_THREADS: Arrow sizes its own pool by that.)
"""

from __future__ import annotations

import os


def keep_to_one_thread() -> None:
    """Let NumPy multiply in the thread that asks, in this process and those it starts; before NumPy is loaded.

    Who has set the variable keeps it.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

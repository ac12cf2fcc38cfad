"""A VENDOR'S FILES: what a payroll system exports, read into `payroll-declared` values and checked offline.

Start reading in `files.py`: a file → the values that it holds, and every fault with its place. `parts.py` cuts a long
declaration into the parts that travel; `checking.py` judges what was read by the server's own rules (recouvra/law).
Used by `recouvra validate` and `recouvra send`, and by contributions where a declaration comes in over HTTP, so that
the three read a file alike. Needs nothing of the stack.
"""

"""Wrong builds that the suite must catch: `python -m tests.mutants`.

Each `*.patch` of this folder breaks one promise of the core in a copy of the work tree; its header says what it is
(`What:`), which promise it breaks (`Breaks:`) and which tests of the suite run on it (`Suite:`), none of which was
written for it alone. A run fails where a patch does not apply, where a place that it changed was never executed, where
every test passes, or where one of those tests fails on the unmutated tree.
"""

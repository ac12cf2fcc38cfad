"""The golden scenarios of docs/vendors: read, made into records, played on a stack, compared with what it published.

Tests play them as they are written; `recouvra conformance` plays them anew at each run, under names of its own. Nothing
of the product but its list of topics is imported: what is expected is in the folders alone.
"""

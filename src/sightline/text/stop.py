"""English words that say nothing of a picture."""

STOP = frozenset(
    """a an and are as at be been by can do does for from had has have he her his how i if in into is it its me my of on
    or our she so some than that the their them then there these they this those to us was we were what when where which
    who will with would you your""".split()
)
"""not `no`, `not`, `up`, `down`, `off`, `out`, `over`, `all`, which name icons"""

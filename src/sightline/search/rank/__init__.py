from sightline.moved import public

__getattr__ = public("sightline.search.rank.rank")

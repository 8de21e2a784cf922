from sightline.moved import public

__getattr__ = public("sightline.search.fill.fill")

from sightline.moved import public

__getattr__ = public("sightline.data.views.kinds")

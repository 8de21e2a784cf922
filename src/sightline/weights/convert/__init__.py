from sightline.moved import public

__getattr__ = public("sightline.weights.convert.conversion")

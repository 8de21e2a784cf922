from sightline.moved import public

__getattr__ = public("sightline.train.recipe.recipe")

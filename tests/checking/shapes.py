"""What checks the shapes of tensors in tests: beartype, with an int where a float is asked, as PEP 484 says."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))

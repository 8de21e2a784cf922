from math import sqrt

import pytest
import torch
import torch.nn.functional as F

from sightline.nn.state.bank import MemoryBank, Partition


def test_it_starts_uniform_as_the_released_code_has_it():
    entries = MemoryBank(20_000, 12).entries
    bound = 1 / sqrt(12 / 3)
    assert entries.abs().max() <= bound and entries.abs().max() > 0.999 * bound
    assert entries.std() == pytest.approx(bound / sqrt(3), rel=0.01)
    assert entries.square().sum(1).mean() == pytest.approx(1, rel=0.01)


def test_a_write_is_normalize_of_the_momentum_step_and_touches_nothing_else():
    bank = MemoryBank(9, 4, momentum=0.5)
    before, index, features = bank.entries.clone(), torch.tensor([7, 2]), F.normalize(torch.randn(2, 4), dim=1)
    bank.write(index, features)
    for i, f in zip(index, features, strict=True):
        moved = 0.5 * before[i] + 0.5 * f
        torch.testing.assert_close(bank.entries[i], moved / moved.norm())
    rest = [i for i in range(9) if i not in (2, 7)]
    assert torch.equal(bank.entries[rest], before[rest])


def test_of_a_picture_that_comes_twice_the_last_vector_counts():
    one, two = MemoryBank(5, 3), MemoryBank(5, 3)
    two.entries.copy_(one.entries)
    features = F.normalize(torch.randn(3, 3), dim=1)
    one.write(torch.tensor([4, 1, 4]), features)
    two.write(torch.tensor([1, 4]), features[1:])
    torch.testing.assert_close(one.entries, two.entries)


def test_what_was_read_does_not_change_with_the_bank():
    bank = MemoryBank(5, 3)
    own = bank.read(torch.tensor([1]))
    kept = own.clone()
    bank.write(torch.tensor([1]), torch.eye(3)[:1])
    assert torch.equal(own, kept)


def test_entries_are_state_without_parameters():
    bank = MemoryBank(5, 3)
    assert list(bank.state_dict()) == ["entries"] and not list(bank.parameters())


def test_z_is_frozen_by_the_first_estimate():
    partition = Partition()
    partition.freeze(torch.tensor(8.0))
    partition.freeze(torch.tensor(3.0))
    assert partition.log_z.exp() == pytest.approx(8) and set(partition.state_dict()) == {"log_z", "known"}


def test_a_momentum_that_keeps_all_is_refused():
    with pytest.raises(ValueError, match="0 <= momentum < 1; got 1"):
        MemoryBank(5, 3, momentum=1.0)

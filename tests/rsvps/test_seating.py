from iec_events.rsvps.seating import fits, promotions


def test_a_party_fits_only_whole() -> None:
    assert fits(capacity=10, taken=8, party_size=2)
    assert not fits(capacity=10, taken=8, party_size=3)


def test_without_a_limit_everyone_fits() -> None:
    assert fits(capacity=None, taken=10_000, party_size=50)


def test_the_first_that_fits_is_seated_and_the_rest_keep_their_places() -> None:
    waiting = [("large", 4), ("pair", 2), ("single", 1), ("other pair", 2)]
    assert promotions(capacity=10, taken=7, waiting=waiting) == ["pair", "single"]


def test_a_large_party_comes_first_again_when_enough_seats_are_free() -> None:
    assert promotions(capacity=10, taken=5, waiting=[("large", 4), ("pair", 2)]) == ["large"]


def test_nobody_is_seated_above_capacity() -> None:
    assert promotions(capacity=10, taken=10, waiting=[("single", 1)]) == []

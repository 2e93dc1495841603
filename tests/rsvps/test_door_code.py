import pytest
from hypothesis import given
from hypothesis import strategies as st

from iec_events.core.tokens import new_id
from iec_events.rsvps.door_code import SIGNS, CodeMistyped, door_code, is_door_code, rsvp_of_code

NOBODY = "A" * 16
ids = st.text(SIGNS, min_size=16, max_size=16)


@given(ids)
def test_a_code_names_its_rsvp(rsvp_id: str) -> None:
    code = door_code(rsvp_id)
    assert is_door_code(code)
    assert rsvp_of_code(code) == rsvp_id
    assert rsvp_of_code(f"  {code[:9]} {code[9:].strip()}\n") == rsvp_id


@given(ids, st.integers(0, 15), st.sampled_from(SIGNS))
def test_one_wrong_sign_shows(rsvp_id: str, place: int, sign: str) -> None:
    wrong = rsvp_id[:place] + sign + rsvp_id[place + 1 :]
    if wrong != rsvp_id:
        with pytest.raises(CodeMistyped):
            rsvp_of_code(door_code(rsvp_id).replace(rsvp_id, wrong))


@given(ids, st.integers(0, 15), st.integers(0, 15))
def test_two_signs_that_changed_places_show(rsvp_id: str, one: int, other: int) -> None:
    signs = list(rsvp_id)
    signs[one], signs[other] = signs[other], signs[one]
    if "".join(signs) != rsvp_id:
        with pytest.raises(CodeMistyped):
            rsvp_of_code(door_code(rsvp_id).replace(rsvp_id, "".join(signs)))


@pytest.mark.parametrize("text", ["", "IEC1.", "IEC1.x.y", f"IEC2.{NOBODY}.A", "Sara", f"IEC1.{'ß' * 16}.A", "iec1.\0"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(CodeMistyped):
        rsvp_of_code(text)


def test_ids_are_made_of_these_signs() -> None:
    assert {sign for _ in range(200) for sign in new_id()} <= set(SIGNS)
    assert (door_code(NOBODY), rsvp_of_code("iec1.AAAAAAAAAAAAAAAB.C")) == (f"IEC1.{NOBODY}.A", "AAAAAAAAAAAAAAAB")

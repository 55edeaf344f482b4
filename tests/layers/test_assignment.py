"""All places at once, on both databases."""

import world
from layers import assignment
from layers.tables import Household


def test_the_size_of_the_parts_changes_nothing(session, monkeypatch):
    world.add_world(session)
    whole = assignment.assign_all(session, as_of=world.TODAY)
    codes = session.query(Household.id, Household.village_code, Household.grid_code).order_by(Household.id).all()
    session.query(Household).update({"village_code": None, "grid_code": None})
    monkeypatch.setattr(assignment, "ROWS_AT_ONCE", 7)
    again = assignment.assign_all(session, as_of=world.TODAY)
    assert [(count.table, count.rows, count.in_village) for count in again] == [
        (count.table, count.rows, count.in_village) for count in whole
    ]
    assert next(count for count in whole if count.table == "household").in_village == len(codes)
    assert (
        codes == session.query(Household.id, Household.village_code, Household.grid_code).order_by(Household.id).all()
    )

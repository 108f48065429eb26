import pytest

from config.known import check

VIEWS = {"plane": ["tailnum"], "route": ["origin", "carrier"]}


def problem(known: dict[str, str]) -> str:
    with pytest.raises(ValueError, match=r"^delivery\.known\.") as error:
        check(known, event_time="at", request=["carrier", "distance"], views=VIEWS)
    return str(error.value)


def test_columns_may_be_found_one_after_the_other() -> None:
    known = {"at": "now", "carrier": "plane.carrier", "distance": "route.distance"}

    check(known, event_time="at", request=["carrier", "distance"], views=VIEWS)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (
            {"colour": "plane.colour"},
            "colour: 'colour' is no column of a request, expected one of at, carrier, distance, tailnum, origin",
        ),
        ({"at": "plane.at"}, "at: 'plane.at' is not allowed for the event time, expected now"),
        (
            {"distance": "leg.distance"},
            "distance: 'leg.distance' is no column of a joined view, expected one of plane.<column>, route.<column>",
        ),
        (
            {"distance": "now"},
            "distance: 'now' is no column of a joined view, expected one of plane.<column>, route.<column>",
        ),
        (
            {"tailnum": "plane.tailnum"},
            "tailnum: view 'plane' is found by tailnum, which a request may leave out too: let one of them be given",
        ),
        (
            {"tailnum": "route.tailnum", "carrier": "plane.carrier"},
            "tailnum: view 'route' is found by carrier, which a request may leave out too: let one of them be given",
        ),
    ],
)
def test_what_nothing_leads_to_is_refused(known: dict[str, str], told: str) -> None:
    assert problem(known) == f"delivery.known.{told}"

from __future__ import annotations

import re

import pandas as pd

from cli.picture import bars, curve


def test_a_bar_for_each_name_all_on_one_scale() -> None:
    shown = bars({"a": 1.0, "b": 2.0, "c": float("nan")})._repr_html_()
    assert re.findall(r'rect width="([\d.]+)"', shown) == ["60.0", "120.0"]
    assert shown.count("<td>null</td>") == 1


def test_a_hostile_name_is_text() -> None:
    for picture in (bars({"<script>x</script>": 1.0}), curve({"<script>": 1.0, "b": 2.0}, x="<i>", y="<b>")):
        assert "<script>" not in picture._repr_html_()
        assert "<i>" not in picture._repr_html_()


def test_a_curve_goes_through_what_is_known_of_a_series() -> None:
    shown = curve(pd.Series([1.0, None, 3.0], index=["mon", "tue", "wed"]), x="day", y="units")._repr_html_()
    (points,) = re.findall(r'points="([^"]+)"', shown)
    assert (len(points.split()), "From mon to wed." in shown) == (2, True)


def test_nothing_known_is_said() -> None:
    assert "nothing to draw" in curve({"a": float("nan")})._repr_html_()
    assert bars({})._repr_html_().endswith("<table></table></div>")

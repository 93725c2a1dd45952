"""`oneself calibrate`."""

import pytest


def test_the_methods_are_ranked(oneself):
    said = oneself("calibrate photo.png --methods zs_n2n,dip --seconds 2 --json --device cpu")
    assert said.code == 0
    losses = [one["loss"] for one in said.record["ranking"]]
    assert losses == sorted(losses)
    assert {one["method"] for one in said.record["ranking"]} == {"zs_n2n", "dip"}
    told = oneself("calibrate photo.png --methods zs_n2n --seconds 1 --device cpu")
    assert "use: oneself denoise photo.png --method zs_n2n" in told.out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("calibrate none.png", "none.png"),
        ("calibrate photo.png --methods zsn2n", "no such method"),
        ("calibrate photo.png --methods zssr", "does super-resolve"),
        ("calibrate photo.png --seconds 0", "--seconds 0"),
    ],
)
def test_what_cannot_be_is_refused(oneself, line, message):
    said = oneself(line)
    assert said.code == 2
    assert message in said.err

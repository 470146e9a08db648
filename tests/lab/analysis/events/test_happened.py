"""What happened to replicas, in words."""

from long_lived.lab.analysis.events.change import Change, happened


def test_what_happens_together_is_said_together() -> None:
    """Within a second, and only what is the same: names are few, however many there are."""
    changes = [
        *(
            Change(10.0 + n / 100, old=f"a{n}", new=f"b{n}", ready_unix_seconds=12.0 + n)
            for n in (1, 2)
        ),
        Change(10.5, old="c", for_good=True),
        Change(11.5, old="d", reason="OOMKilled"),
    ]
    assert happened(changes) == [
        (10.01, "a1 and a2 were stopped"),
        (10.5, "c was stopped for good"),
        (11.5, "d was stopped (OOMKilled)"),
        (13.0, "b1 and b2 were ready"),
    ]
    assert happened([Change(10.0, old=f"a{n}") for n in range(4)]) == [
        (10.0, "a0, a1, a2 and a3 were stopped")
    ]
    assert happened([Change(10.0, old=f"a{n}") for n in range(5)]) == [
        (10.0, "a0, a1, a2 and 2 more were stopped")
    ]
    assert happened([]) == []

"""The summary of one client's run, from its closed ledger."""

import platform
from datetime import UTC, datetime

from long_lived.client.ledger import Ledger
from long_lived.client.pod_count import PodCount
from long_lived.client.stalls import Stalls
from long_lived.record import summary
from long_lived.record.histogram import MEDIUM, Histogram
from long_lived.record.merge import ratio
from long_lived.record.summary import Connections, Cost, Pod, Requests, Summary
from long_lived.settings import Settings


def summarize(
    settings: Settings,
    ledger: Ledger,
    *,
    opened: int,
    retired: int,
    resumed: int = 0,
    client_id: str,
    stalls: Stalls,
    load_seconds: float,
    stopped_by: str | None,
    problem: str | None,
    cost: Cost,
) -> Summary:
    """Return the summary of a closed ledger, of a client that `opened` that many connections.

    It `retired` so many of them itself, and on so many a TLS session was `resumed`.
    """
    attributed = sum(count.opened for count in ledger.pods.values())
    first_sent = ledger.first_sent_seconds or 0.0
    return Summary(
        settings=settings,
        python=platform.python_version(),
        clients=1,
        client_ids=[client_id],
        started=datetime.fromtimestamp(ledger.clock.started_unix_seconds, UTC).isoformat(),
        load_seconds=round(load_seconds, 3),
        stopped_by=stopped_by,
        problem=problem,
        requests=Requests(
            planned=ledger.planned,
            sent=ledger.sent,
            sending_seconds=round(ledger.last_sent_seconds - first_sent, 3),
            answered=ledger.answered,
            failed=ledger.failed,
            failed_by_kind={
                kind: ledger.failed_by_kind[kind] for kind in sorted(ledger.failed_by_kind)
            },
        ),
        pods=_pods(ledger),
        connections=Connections(
            opened=opened,
            open=len(ledger.still_open),
            retired=retired,
            resumed=resumed if settings.client.secure else None,
            unattributed=opened - attributed,
            perfect_keep_alive=min(settings.client.concurrency, ledger.planned),
            most_requests_on_one=ledger.most_requests_on_a_connection,
            half_carried_by=ledger.half_carried_by(),
            reused=ledger.reused,
            several_pods=ledger.several_pods,
            close_announced=ledger.close_announced,
            close_announced_ratio=ratio(ledger.close_announced, ledger.answered),
        ),
        service_seconds=ledger.service.as_record(),
        response_seconds=ledger.response.as_record(),
        overhead_seconds=ledger.overhead.as_record(),
        send_lag_seconds=ledger.send_lag.as_record(),
        stalls=stalls.as_record(),
        timeline=ledger.timeline.as_record(),
        cost=cost,
    )


def _pods(ledger: Ledger) -> dict[str, Pod]:
    now = ledger.clock.elapsed_seconds()
    oldest = {name: count.oldest_seconds for name, count in ledger.pods.items()}
    ages = {name: Histogram(MEDIUM) for name in ledger.pods}
    for connection in ledger.still_open:
        if connection.pod is not None:
            age = now - connection.opened_seconds
            ages[connection.pod].add(age)
            oldest[connection.pod] = max(oldest[connection.pod], age)
    return {
        name: Pod(
            requests=count.requests,
            connections_opened=count.opened,
            connections_open=ages[name].count,
            oldest_connection_seconds=round(oldest[name], 3),
            starts=_starts(count, ledger.clock.started_unix_seconds),
            overhead_seconds=count.overhead.as_record(),
            open_age_seconds=ages[name].as_record(),
        )
        for name, count in sorted(ledger.pods.items())
    }


def _starts(count: PodCount, started_unix_seconds: float) -> list[summary.Start]:
    """List the starts of a pod's server, first to last."""
    found = [
        summary.Start(
            instance=instance,
            requests=start.requests,
            started_unix_seconds=round(started_unix_seconds + start.started_seconds, 3),
            opened_unix_seconds=round(started_unix_seconds + start.opened_seconds, 3),
            answered_unix_seconds=round(started_unix_seconds + start.answered_seconds, 3),
        )
        for instance, start in count.starts.items()
    ]
    return sorted(found, key=lambda start: start.started_unix_seconds)

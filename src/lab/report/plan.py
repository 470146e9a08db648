"""A plan, as text. Pure."""

from long_lived.lab.analysis.scale.plan import Limit, Plan, Pods
from long_lived.lab.report.columns import labelled, table

NAME_WIDTH = 56


def lines(plan: Plan) -> list[str]:
    """Return the report of a plan, in 80 columns."""
    shown = labelled(
        "load",
        f"{plan.users:,} connections over {plan.replicas:,} replicas: "
        f"{plan.requests_per_second:,.0f} requests per second, {plan.answers:,.0f} in all",
    )
    shown += labelled("clients", _pods(plan.clients))
    shown += labelled("servers", _pods(plan.servers))
    shown += labelled(
        "service",
        f"{_count(plan.slices, 'EndpointSlice')}, {plan.rules:,} rules of kube-proxy (iptables)",
    )
    shown += labelled(
        "results",
        f"{plan.log_megabytes:,.0f} MB of log lines; {plan.merge_seconds:.1f} s to merge the "
        "summaries",
    )
    shown += labelled("chance", _chance(plan))
    rows = [
        (one.what, _number(one.needed), _number(one.allowed), f"{one.load:.0%}")
        for one in plan.limits
    ]
    shown += ["", *table([("limit", "needed", "allowed", ""), *rows], NAME_WIDTH), ""]
    too_low = [one for one in plan.limits if one.load > 1]
    for one in too_low:
        shown += labelled("may bite" if one.assumed else "bites", _remedy(one))
    if not too_low:
        shown += labelled("fits", f"the first to bite would be: {plan.limits[0].what}")
    return shown


def _pods(pods: Pods) -> str:
    worst = f", up to {pods.most:,} after the event" if pods.most > pods.connections else ""
    return (
        f"{_count(pods.count, 'pod')} of {pods.connections:,} connections{worst}; each takes "
        f"{pods.megabytes:,} MB and {pods.cores:.2g} processors, and {pods.ramp_seconds:.0f} s of "
        "CPU until all are open"
    )


def _chance(plan: Plan) -> str:
    least = plan.noticeable
    noticed = (
        "not even an idle replica would surely be noticed"
        if least is None
        else f"noticed 9 times in 10: a replica that is {least:.0%} below its share"
    )
    return f"{plan.fair:,.0f} ± {plan.standard_deviation:,.0f} on each replica; {noticed}"


def _remedy(one: Limit) -> str:
    assumed = "; not every cluster has this limit" if one.assumed else ""
    return f"{one.what}, {_number(one.needed)} of {_number(one.allowed)}: {one.remedy}{assumed}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"

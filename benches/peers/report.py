"""The measured rounds as tables in Markdown."""

from __future__ import annotations

from statistics import median


def markdown(measured: dict) -> str:
    parts = [f"# Echo servers, measured {measured['when']}", f"{measured['machine']}; {measured['system']}.", versions(measured)]
    parts += [cell_table(measured, name) for name in measured["cells"]]
    parts += [write(measured) for name, write in OTHERS.items() if name in measured]
    if measured["problems"]:
        parts.append("## Problems\n\n" + "\n".join(f"* {problem.splitlines()[0]}" for problem in measured["problems"]))
    return "\n\n".join(parts) + "\n"


def versions(measured: dict) -> str:
    names = {"floor": "tokio", "ours": "sansocket", "npm": "ws", "pip": "websockets", "source": "uWebSockets"}
    known = {}
    for about in measured["peers"].values():
        known[names.get(about["kind"]) or about["kind"].split()[1]] = about["version"]
    return "Versions: " + ", ".join(f"{name} {version}" for name, version in known.items()) + "."


def cell_table(measured: dict, name: str) -> str:
    """One cell: the cost of a message for each server, and relative to the baseline and the best peer."""
    cell = measured["cells"][name]
    rows = [["server", "CPU µs/message", "÷ floor", "÷ best peer", "messages/s", "p50 µs", "p99 µs", "busy"]]
    records = any(outcome["records"] for turn in cell["rounds"] for outcome in turn.values())
    rows[0] += ["records/message"] * records
    costs = {peer: cost(measured, cell, peer) for peer in cell["peers"]}
    rivals = [costs[peer] for peer in costs if costs[peer] and measured["peers"][peer]["kind"] not in ("floor", "ours")]
    for peer in cell["peers"]:
        rounds = rounds_of(cell, peer)
        if not rounds:
            rows.append([peer, "failed"] + [""] * (len(rows[0]) - 2))
            continue
        middle = {key: median(outcome[key] for outcome in rounds) for key in ("per_second", "p50_us", "p99_us", "busy")}
        rows.append([
            peer,
            spread([outcome["cpu_us"] for outcome in rounds], figure),
            spread(ratios(cell, peer), "{:.2f}".format),
            f"{costs[peer] / min(rivals):.2f}" if costs[peer] and rivals else "",
            f"{middle['per_second']:,.0f}",
            figure(middle["p50_us"]),
            figure(middle["p99_us"]),
            f"{middle['busy']:.0%}",
        ])
        if records:
            rows[-1].append(figure(median(outcome["records"] for outcome in rounds)))
    return f"## {name}: {cell['title']}\n\n{table(rows)}\n\n{len(cell['rounds'])} rounds."


def rounds_of(cell: dict, peer: str) -> list:
    return [turn[peer] for turn in cell["rounds"] if peer in turn]


def ratios(cell: dict, peer: str) -> list:
    """The CPU of a message divided by the baseline's, for each round: the median of alternating slices."""
    return [outcome["times"] for outcome in rounds_of(cell, peer) if outcome["times"]]


def cost(measured: dict, cell: dict, peer: str) -> float | None:
    """The CPU of a message on an undisturbed machine: the ratio times the minimum of the baseline."""
    if not ratios(cell, peer):
        return None
    floor = measured["peers"][peer]["floor"]
    same = [name for name in cell["peers"] if measured["peers"][name]["floor"] == floor]
    floors = [outcome["floor_us"] for name in same for outcome in rounds_of(cell, name) if outcome["floor_us"]]
    return median(ratios(cell, peer)) * min(floors)


def spread(values: list, write) -> str:
    return f"{write(min(values))} – **{write(median(values))}** – {write(max(values))}" if values else ""


def syscalls_table(measured: dict) -> str:
    counted = measured["syscalls"]
    rows = [["server", *counted]]
    for peer in measured["peers"]:
        rows.append([peer, *(f"{calls[peer]:.2f}" if peer in calls else "" for calls in counted.values())])
    return f"## System calls per message\n\n{table(rows)}"


def memory_table(measured: dict, name: str = "memory", what: str = "") -> str:
    rows = [["server", "connections", "idle", "after 64 KiB", "after 20 B more"]]
    for peer, held in measured[name].items():
        rows.append([peer, *(f"{held[key]:,.0f}" for key in ("connections", "idle", "after_large", "later"))])
    return f"## Resident memory{what}, bytes per connection\n\n{table(rows)}"


def subscribers_table(measured: dict) -> str:
    """The memory for a subscriber, and the time of a broadcast."""
    rows = [["server", "subscribers", "idle", "after", "CPU µs/message", "p50 ms", "max ms", "busy"]]
    for peer, rounds in measured["subscribers"].items():
        values = {key: [outcome[key] for outcome in rounds] for key in rounds[0]}
        rows.append([
            peer,
            *(f"{median(values[key]):,.0f}" for key in ("connections", "idle", "after")),
            *(spread(values[key], figure) for key in ("cpu_us", "p50_ms")),
            figure(max(values["max_ms"])),
            f"{median(values['busy']):.0%}",
        ])
    return f"## Broadcasts of 1 KiB to many subscribers; resident memory, bytes for each\n\n{table(rows)}"


def kernels_tables(measured: dict) -> str:
    """By kind of work: the time of each function, and relative to sansocket's."""
    tables = []
    for kind in dict.fromkeys(work["kind"] for work in measured["kernels"]):
        works = [work for work in measured["kernels"] if work["kind"] == kind]
        rows = [[kind, *(work["size"] for work in works)]]
        for name in works[0]["kernels"]:
            taken = [work["kernels"][name] for work in works]
            rows.append([name, *(f"{figure(kernel['ns'])} ({kernel['times']:.2f})" for kernel in taken)])
        tables.append(table(rows))
    return "\n\n".join(["## Kernels: ns, and as a multiple of sansocket's", *tables])


def profiles_tables(measured: dict) -> str:
    """By cell: the cost in each profile, divided by the baseline's, and by the server's best."""
    tables = []
    for cell, peers in measured["profiles"].items():
        costs = {peer: {profile: median(times) for profile, times in rows.items()} for peer, rows in peers.items()}
        rows = [[cell, *costs]]
        for profile in dict.fromkeys(profile for cost in costs.values() for profile in cost):
            cells = [f"{cost[profile]:.2f} ({cost[profile] / min(cost.values()):.2f})" if profile in cost else "" for cost in costs.values()]
            rows.append([profile, *cells])
        tables.append(table(rows))
    return "\n\n".join(["## Profiles: ÷ floor (÷ the best profile)", *tables])


def tls_memory_table(measured: dict) -> str:
    return memory_table(measured, "tls-memory", " over TLS")


def counts_table(measured: dict, name: str, what: str) -> str:
    rows = [["server", "instructions", "cache lines"]]
    rows += [[peer, f"{instructions:,.0f}", figure(lines)] for peer, (instructions, lines) in measured[name].items()]
    return f"## In user mode, {what}\n\n{table(rows)}"


def handshake_table(measured: dict) -> str:
    return counts_table(measured, "handshake-counts", "for a connection that is opened and closed")


def broadcast_table(measured: dict) -> str:
    return counts_table(measured, "broadcast-counts", "for a message of 1 KiB that is delivered to one of 1,000 clients")


OTHERS = {
    "syscalls": syscalls_table,
    "memory": memory_table,
    "tls-memory": tls_memory_table,
    "subscribers": subscribers_table,
    "kernels": kernels_tables,
    "profiles": profiles_tables,
    "handshake-counts": handshake_table,
    "broadcast-counts": broadcast_table,
}


def figure(value: float) -> str:
    """Three significant digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(rows: list) -> str:
    """A Markdown table, aligned as plain text."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    def line(cells):
        first, *others = zip(cells, widths)
        return "| " + " | ".join([first[0].ljust(first[1])] + [text.rjust(width) for text, width in others]) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2)] + ["-" * (width + 1) + ":" for width in widths[1:]]) + "|"
    return "\n".join([line(rows[0]), rule, *map(line, rows[1:])])

"""CPU per event with few and with many subscriptions, filters and endpoints: a site each, of which one serves at a time.
An event matches one subscription everywhere. (Growth with the backlog is measured by the scenario backlog, which has
one.)"""

import dataclasses

from lib.outcome import Outcome, Verdict
from lib.report import row
from lib.runner import Traffic

TITLE = "CPU per event with 10 and 100,000 subscriptions, without and with filters, and with 10 and 100,000 endpoints"
MINUTES = (2, 1.2)  # before the rounds, and for each of 8 s
FEW = 10
SPREAD = 1000            # endpoints that share the traffic in the phase "spread"
GROWTH_MAX = 1.5
FROM = {"subscriptions": "few", "filters": "filters, few", "endpoints": "few"}  # what each is compared with
WORDS = {"subscriptions": "subscriptions", "filters": "subscriptions with filters", "endpoints": "endpoints"}


def run(bench):
    outcome, many = Outcome("growth"), bench.size(100_000, 10_000)
    sites = {}
    for name, fill in (("few", lambda site: None), ("subscriptions", lambda site: fill_subscriptions(site, many)),
                       ("filters, few", lambda site: fill_filters(site, FEW)),
                       ("filters", lambda site: fill_filters(site, many)),
                       ("endpoints", lambda site: fill_endpoints(site, many))):
        site = sites[name] = bench.site()
        bench.say(f"seeding: {name}")
        site.traffic = Traffic(bench.options.seconds, connections=bench.options.connections,
                               endpoints_file=site.endpoints(FEW))
        fill(site)
        site.psql.ask("ANALYZE; CHECKPOINT")
        site.gateway.data.stop()
    spread = dataclasses.replace(sites["endpoints"].traffic, endpoints_file=sites["endpoints"].spread)
    phases = {**{name: (site, site.traffic) for name, site in sites.items()}, "spread": (sites["endpoints"], spread)}
    for count in range(1, bench.options.rounds + 1):
        for name, (site, traffic) in phases.items():
            site.gateway.data.start()
            bench.runner.load(site, dataclasses.replace(traffic, seconds=1))
            load = outcome.take(f"round {count}, {name}", bench.runner.load(site, traffic), name)
            site.gateway.data.stop()
            bench.say(f"round {count} of {bench.options.rounds}, {name}: {load['events_per_second']:,.0f} events/s")
    labels = {"few": f"{FEW} endpoints, {FEW} subscriptions",
              "subscriptions": f"{FEW} endpoints, {many:,} subscriptions",
              "filters, few": f"{FEW} endpoints, {FEW} subscriptions with a filter",
              "filters": f"{FEW} endpoints, {many:,} subscriptions with a filter",
              "endpoints": f"{many:,} endpoints and subscriptions",
              "spread": f"the same, {SPREAD:,} of them receiving"}
    rows = []
    for name, label in labels.items():
        for title, key in (("data plane", "fairlead-data_cpu_us"), ("PostgreSQL", "postgres_cpu_us")):
            values = [each["per_event"][key] for each in outcome.numbers[name]]
            rows.append(row(f"{label}: {title} CPU per event", values, "µs"))
            if name in FROM:
                few = [each["per_event"][key] for each in outcome.numbers[FROM[name]]]
                outcome.verdicts.append(Verdict(f"{WORDS[name]} {FEW} → {many:,}: {title} CPU per event",
                                                [late / early for late, early in zip(values, few)], GROWTH_MAX))
        rows.append(row(f"{label}: resident at most", [each["peak_mib"] for each in outcome.numbers[name]], "MiB"))
    outcome.tables = [("", ["measured", "median", "range"], rows)]
    for site in sites.values():
        bench.end(site)
    return outcome


def fill_subscriptions(site, many):
    """To the same endpoints, each selecting a type that never comes."""
    site.seed(endpoints_in=site.traffic.endpoints_file, subscriptions=many - FEW, event_type="other.{n}")


def fill_filters(site, count):
    """To the same endpoints, for every type, each wanting a value that never comes."""
    last, = site.psql.ask("SELECT id FROM subscriptions ORDER BY id DESC LIMIT 1")
    site.seed(endpoints_in=site.traffic.endpoints_file, subscriptions=count)
    site.psql.ask(f"""
        INSERT INTO filters (project_id, id, subscription_id, event_type, enabled_at, body, version, created_at, updated_at)
        SELECT project_id, id, id, '*', now(), '{{"currency":"' || name || '"}}', version, now(), now()
          FROM subscriptions WHERE id > '{last}'""")


def fill_endpoints(site, many):
    """Each with a subscription to everything; the traffic goes to the first ones, as before."""
    made, site.spread = site.folder / "endpoints-seeded", site.folder / "endpoints-spread"
    site.seed(endpoints=many - FEW, subscriptions=many - FEW, url=site.sink_url("e", "{n}"), endpoints_out=made)
    site.spread.write_text("".join(line + "\n" for line in made.read_text().split()[:SPREAD]))

"""The dashboard and the alert rules of packaging/: they are what Grafana and Prometheus take, and of metrics that exist."""

import json
import re

import pytest

import metrics

WORDS = re.compile(r"\b(?:bikeflow|process)_\w+")
PARTS = re.compile(r"_(?:sum|count)$")


@pytest.fixture
def dashboard(request) -> dict:
    return json.loads((request.config.rootpath / "packaging/grafana/bikeflow.json").read_text())


@pytest.fixture
def alerts(request):
    return request.config.rootpath / "packaging/prometheus/alerts.yml"


def expressions(dashboard: dict) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def unknown(text: str, documented: dict[str, metrics.Family]) -> set[str]:
    """Names of metrics in it that the page has not."""
    return {word for word in WORDS.findall(text)
            if word not in documented and documented.get(PARTS.sub("", word), None) is None}


def test_every_metric_and_label_that_is_used_exists(dashboard, alerts, request):
    documented = metrics.documented(request.config.rootpath)
    used = "\n".join(expressions(dashboard))
    assert len(expressions(dashboard)) > 30
    for text in (used, re.sub(r"BikeflowDown|job=\"bikeflow\"|bikeflow-\w+|doc/\S+", "", alerts.read_text()),
                 json.dumps(dashboard["templating"])):
        assert unknown(text, documented) == set()
    for name, selector in re.findall(r"(\w+)\{([^}]*)\}", used + alerts.read_text()):
        if name in documented:
            labels = set(re.findall(r"(\w+)=", selector)) - {"job", "instance"}
            assert labels <= documented[name].labels, (name, selector)


def test_the_dashboard_is_one(dashboard):
    """As Grafana's importer reads it: panels on a grid of 24, without two at one place, each of a data source."""
    assert dashboard["uid"] == "bikeflow" and dashboard["schemaVersion"] >= 36
    assert {variable["name"] for variable in dashboard["templating"]["list"]} == {"datasource", "system"}
    places = set()
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    for panel in dashboard["panels"]:
        grid = panel["gridPos"]
        cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}
        assert grid["x"] + grid["w"] <= 24 and not cells & places, panel["title"]
        places |= cells
        if panel["type"] == "row":
            continue
        assert panel["title"] and panel["datasource"]["uid"] == "${datasource}"
        assert panel["fieldConfig"]["defaults"]["unit"] in ("short", "s", "bytes", "percentunit")
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0
    rows = [panel["title"] for panel in dashboard["panels"] if panel["type"] == "row"]
    assert rows == ["Overview", "Stations empty and full", "Feed health", "Pipeline", "Processes"]


def test_prometheus_takes_every_expression(dashboard, alerts, promtool, tmp_path):
    promtool("check", "rules", alerts)
    rules = [{"record": f"panel:{number}", "expr": expr.replace("$system", ".*").replace("$__rate_interval", "5m")}
             for number, expr in enumerate(expressions(dashboard))]
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))  # which is YAML
    assert f"{len(rules)} rules found" in promtool("check", "rules", file)


# What a rule must see to fire, for an hour, and what it must not: series -> values at each minute.
HERE = 'instance="a",job="bikeflow"'
PART = f'{HERE},system="s",partition="0"'
JOB = f'{HERE},source="s",partition="0"'
CASES = {
    "BikeflowDown": ({f"up{{{HERE}}}": "0x60"}, {f"up{{{HERE}}}": "1x60"}),
    "BikeflowPartitionStopped": ({f"bikeflow_partition_stopped{{{JOB}}}": "1x60"},
                                 {f"bikeflow_partition_stopped{{{JOB}}}": "0x60"}),
    "BikeflowFeedFailing": ({f'bikeflow_feed_failures_in_a_row{{{HERE},system="s"}}': "0+1x60"},
                            {f'bikeflow_feed_failures_in_a_row{{{HERE},system="s"}}': "3x60"}),
    "BikeflowFeedOld": ({f'bikeflow_feed_data_timestamp_seconds{{{HERE},system="s"}}': "0x60"},
                        {f'bikeflow_feed_data_timestamp_seconds{{{HERE},system="s"}}': "0+60x60"}),
    "BikeflowStationsStale": ({f'bikeflow_stations{{{HERE},system="s",state="stale"}}': "3x60",
                               f'bikeflow_stations{{{HERE},system="s",state="some"}}': "7x60"},
                              {f'bikeflow_stations{{{HERE},system="s",state="stale"}}': "1x60",
                               f'bikeflow_stations{{{HERE},system="s",state="some"}}': "9x60"}),
    "BikeflowLagGrows": ({f"bikeflow_lag_records{{{JOB}}}": "20000+100x60"},
                         {f"bikeflow_lag_records{{{JOB}}}": "90000-1000x60"}),
    "BikeflowWatermarkBehind": ({f"bikeflow_watermark_timestamp_seconds{{{PART}}}": "-9000+60x60",
                                 f"bikeflow_records_total{{{PART}}}": "0+9x60"},
                                {f"bikeflow_watermark_timestamp_seconds{{{PART}}}": "-9000+60x60",
                                 f"bikeflow_records_total{{{PART}}}": "9x60"}),
    "BikeflowCheckpointOld": ({f"bikeflow_checkpoint_timestamp_seconds{{{JOB}}}": "0x60",
                               f"bikeflow_records_total{{{PART}}}": "0+9x60"},
                              {f"bikeflow_checkpoint_timestamp_seconds{{{JOB}}}": "0+60x60",
                               f"bikeflow_records_total{{{PART}}}": "0+9x60"}),
    "BikeflowReadingPaused": ({f"bikeflow_partition_paused{{{JOB}}}": "1x60"},
                              {f"bikeflow_partition_paused{{{JOB}}}": "0x60"}),
    "BikeflowStoreFailing": ({f'bikeflow_store_operations_total{{{HERE},operation="put",result="error"}}': "0+2x60",
                              f'bikeflow_store_operations_total{{{HERE},operation="put",result="ok"}}': "5x60"},
                             {f'bikeflow_store_operations_total{{{HERE},operation="put",result="error"}}': "0+2x60",
                              f'bikeflow_store_operations_total{{{HERE},operation="put",result="ok"}}': "0+9x60"}),
    "BikeflowManyLate": ({f"bikeflow_late_total{{{PART}}}": "0+2x60", f"bikeflow_records_total{{{PART}}}": "0+100x60"},
                         {f"bikeflow_late_total{{{PART}}}": "0+2x60", f"bikeflow_records_total{{{PART}}}": "0+900x60"}),
    "BikeflowDeadLetters": ({f'bikeflow_dead_letters_total{{{JOB},reason="bad_time"}}': "0+3x60"},
                            {f'bikeflow_dead_letters_total{{{JOB},reason="bad_time"}}': "0+1x60"}),
    "BikeflowRedisGone": ({f"bikeflow_redis_connected{{{HERE}}}": "0x60"},
                          {f"bikeflow_redis_connected{{{HERE}}}": "1x60"}),
}


def test_each_alert_fires_when_it_should_and_not_else(alerts, promtool, tmp_path):
    assert re.findall(r"alert: (\w+)", alerts.read_text()) == list(CASES)

    def case(alert: str, series: dict[str, str], fires: bool) -> dict:
        return {"interval": "1m", "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [{"expr": f'sum(ALERTS{{alertname="{alert}",alertstate="firing"}})', "eval_time": "59m",
                                      "exp_samples": [{"value": 1}] if fires else []}]}

    tests = [case(alert, series, fires) for alert, pair in CASES.items()
             for series, fires in zip(pair, (True, False))]
    file = tmp_path / "test.yml"
    file.write_text(json.dumps({"rule_files": [str(alerts)], "evaluation_interval": "1m", "tests": tests}))
    promtool("test", "rules", file, cwd=tmp_path)

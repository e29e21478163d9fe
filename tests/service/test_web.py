"""`forecast serve` as clients see it: a process of its own, spoken to over loopback."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from forecaster.model import store
from tests.saved import TINY_DATA, copy_tiny, draft_of, publish
from tests.service.server import Running, serving

DATA = TINY_DATA.read_bytes()
KNOWN = "a-word-of-enough-characters"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the frozen model."""
    return copy_tiny(tmp_path_factory.mktemp("served") / "models")


@pytest.fixture(scope="module")
def service(models: Path) -> Iterator[Running]:
    """Run a service with the default limits."""
    with serving(models) as running:
        yield running


def test_forecasts_are_those_of_the_command(service: Running) -> None:
    answer = service.ask("/forecast?levels=80&quantiles=0.9", DATA, Content_Type="text/csv")
    assert (answer.status, answer.data["model"], answer.data["version"]) == (200, "tiny", "v000001")
    rows = answer.data["forecasts"]
    assert [row["day"] for row in rows[:3]] == ["2024-03-01", "2024-03-02", "2024-03-03"]
    assert rows[0]["forecast-q-90"] == rows[0]["forecast-hi-80"]
    plain = service.ask("/forecast?levels=80&quantiles=0.9", DATA, Content_Type="text/csv", Accept="text/csv")
    assert plain.headers["content-type"].startswith("text/csv")
    again = list(csv.DictReader(plain.body.decode().splitlines()))
    assert [float(row["forecast"]) for row in again] == [row["forecast"] for row in rows]


def test_json_rows_are_as_good_as_csv(service: Running) -> None:
    rows = list(csv.DictReader(DATA.decode().splitlines()))
    body = json.dumps({"data": [{**row, "sales": float(row["sales"])} for row in rows]}).encode()
    answers = [
        service.ask("/forecast?horizon=2", sent, Content_Type=kind).data["forecasts"]
        for sent, kind in ((body, "application/json"), (DATA, "text/csv"))
    ]
    assert answers[0] == answers[1]


def test_totals_and_the_verdict(service: Running) -> None:
    totals = service.ask("/forecast?totals=2,3&seed=1", DATA).data["totals"]
    assert [row["steps"] for row in totals] == [2, 3, 2, 3]
    assert service.ask("/check", DATA).data["verdict"] == "good"


SHOPS = "region,shop,day,sales,price\n" + "".join(
    f"{region},{shop},2024-01-{day:02d},{10 * k + day % 7 + shop},{9 + day % 3}\n"
    for k, region in enumerate(("north", "south"), 1)
    for shop in (1, 2)
    for day in range(1, 29)
)
"""Sales of two shops in each of two regions, and a price."""

DATES = "day,sales\n" + "".join(f"{day:02d}/01/2024,{day % 7}\n" for day in range(1, 13))
"""Dates of which the file does not show whether the day or the month comes first."""


def test_a_hierarchy_adds_up_and_columns_have_names(service: Running) -> None:
    asked = "/forecast?model=builtin&horizon=2&target=sales&time=day&hierarchy=region,shop&reconcile=bottom-up"
    answer = service.ask(asked, SHOPS.encode(), Content_Type="text/csv")
    assert answer.status == 200, answer.data
    assert [level["level"] for level in answer.data["hierarchy"]["levels"]] == ["total", "region", "shop"]
    rows = {row["region/shop"]: row["forecast"] for row in answer.data["forecasts"][::2]}
    assert rows["total"] == pytest.approx(rows["north"] + rows["south"], abs=1e-9)
    assert rows["north"] == pytest.approx(rows["north/1"] + rows["north/2"], abs=1e-9)


def test_hints_can_be_followed_by_a_client(service: Running) -> None:
    answer = service.ask("/forecast?model=builtin&horizon=2&id=region", SHOPS.encode(), Content_Type="text/csv")
    fault = answer.data["error"]
    assert "target=COLUMN" in fault["hint"]
    assert "--" not in fault["hint"]
    assert "forecast check" not in fault["hint"]
    dates = DATES.encode()
    fault = service.ask("/forecast?model=builtin&horizon=2", dates).data["error"]
    assert "date_format=%d/%m/%Y" in fault["hint"]
    for followed in ("/forecast?model=builtin&horizon=2", "/check?"):
        assert service.ask(f"{followed}&date_format=%25d/%25m/%25Y", dates).status == 200
    [finding] = service.ask("/check", dates).data["findings"]
    assert finding["hint"] == fault["hint"]
    totals = service.ask("/forecast?totals=2", DATA, Accept="text/csv")
    assert (totals.status, "Accept: application/json" in totals.data["error"]["hint"]) == (422, True)


def test_history_is_answered_where_it_is_asked_for(service: Running) -> None:
    answer = service.ask("/forecast?history=2", DATA)
    assert [(row["shop"], row["day"]) for row in answer.data["history"][1:3]] == [
        ("north", "2024-02-29"),
        ("south", "2024-02-28"),
    ]
    assert answer.data["columns"] == {"id": "shop", "time": "day"}
    assert "history" not in service.ask("/forecast", DATA).data


def test_what_is_served_beside_forecasts(service: Running) -> None:
    assert service.ask("/health").data["status"] == "ok"
    [model] = service.ask("/models").data
    assert (model["name"], model["horizon"]) == ("tiny", 3)
    assert not {"source", "data", "folder"} & model.keys()
    assert "/forecast" in service.ask("/openapi.json").data["paths"]
    text = service.ask("/metrics").body.decode()
    assert 'forecast_http_requests_total{path="/health",status="200"} 1' in text
    assert "forecast_http_request_seconds_count" in text


def test_the_page_loads_nothing_from_elsewhere(service: Running) -> None:
    answer = service.ask("/")
    page = answer.body.decode()
    assert "http://www.w3.org/2000/svg" in page  # a name, not an address that is loaded
    assert "https://" not in page
    page = page.replace('<link rel="icon" href="data:,">', "")  # an empty icon, so that no browser asks for one
    assert not [tag for tag in ("<link", "<img", "src=", "@import", "url(") if tag in page]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/forecast?model=../../etc/passwd", DATA, 422, "model name '../../etc/passwd'"),
        ("/forecast?model=/etc/passwd@v000001", DATA, 422, "model name '/etc/passwd'"),
        ("/forecast?model=tiny@../x", DATA, 422, "expected NAME or NAME@v000001"),
        ("/forecast?model=other", DATA, 404, "no model 'other' in the folder of models"),
        ("/forecast?output=/tmp/x", DATA, 422, "unknown parameter 'output'"),
        ("/forecast?horizon=4", DATA, 422, "was trained for 3 steps"),
        ("/forecast?horizon=99999999", DATA, 422, "this service forecasts 1000 steps at most"),
        ("/forecast?horizon=-1", DATA, 422, "horizon must be a whole number"),
        ("/forecast?horizon=1&horizon=2", DATA, 422, "is given twice"),
        ("/forecast?levels=a", DATA, 422, "expected percentages"),
        ("/forecast?hierarchy_file=/etc/passwd", DATA, 422, "unknown parameter 'hierarchy_file'"),
        ("/forecast?hierarchy=none&model=builtin&horizon=2", DATA, 422, "none"),
        ("/forecast", b"", 422, "no data"),
        ("/forecast", b"/etc/passwd", 422, "the request"),
        ("/forecast", b"\x00\x01\x02", 422, "binary data"),
        ("/check", b"a,b\n1,2\n", 200, "verdict"),
    ],
)
def test_what_a_client_says_is_no_path_and_no_command(
    service: Running, path: str, body: bytes, status: int, said: str
) -> None:
    answer = service.ask(path, body, Content_Type="text/csv")
    assert answer.status == status
    assert said in json.dumps(answer.data, ensure_ascii=False)
    assert b"/tmp/" not in answer.body.replace(b"output=/tmp/x", b"")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"data": 3}', b'[{"a": {"b": 1}}]', b'{"data": [1, 2]}', b"[" * 100_000, b'"x"']
)
def test_json_that_is_no_rows_is_refused(service: Running, body: bytes) -> None:
    assert service.ask("/forecast", body, Content_Type="application/json").status == 422


def test_a_foreign_page_is_not_answered(service: Running) -> None:
    """Its name may point to this machine, but the browser says which name it asked for."""
    assert service.ask("/models", Host="evil.example").status == 403


def test_a_new_version_is_used_at_once(tmp_path: Path) -> None:
    models = copy_tiny(tmp_path / "models")
    with serving(models) as running:
        for expected in ("v000001", "v000002"):
            assert running.ask("/forecast", DATA).data["version"] == expected
            publish(models, draft_of(store.load_model(models, "tiny")))


def test_limits_and_the_token(models: Path) -> None:
    flags = ("--max-body", "1", "--max-series", "1", "--max-horizon", "2", "--concurrency", "1")
    with serving(models, *flags, FORECAST_TOKEN=KNOWN) as running:
        assert running.ask("/health").status == 200
        assert running.ask("/models").status == 401
        assert running.ask("/models", Authorization="Bearer wrong").status == 401
        known = {"Authorization": f"Bearer {KNOWN}"}
        assert running.ask("/models", **known).status == 200
        assert running.ask("/forecast", b"x" * (2 << 20), **known).status == 413
        few = running.ask("/forecast", DATA, **known)
        assert (few.status, "2 series" in few.data["error"]["message"]) == (422, True)
        one = b"\n".join(line for line in DATA.splitlines() if not line.startswith(b"south"))
        assert running.ask("/forecast?horizon=3", one, **known).status == 422
        statuses: list[int] = []

        def ask() -> None:
            statuses.append(running.ask("/forecast?horizon=2", one, **known).status)

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(statuses) <= {200, 503}
        assert 200 in statuses
        assert running.ask("/forecast?horizon=2", one, **known).status == 200
        code, said = running.stop()
        assert (code, said) == (0, "")


def test_others_need_a_token(models: Path) -> None:
    from tests.conftest import run_forecast

    done = run_forecast("serve", "--host", "0.0.0.0", "--models-dir", models)  # noqa: S104
    assert (done.returncode, done.stdout) == (2, "")
    assert "can be reached by others, so clients must know a token" in done.stderr


def test_a_relative_folder_of_models_is_no_word_of_a_message(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    from starlette.testclient import TestClient

    from forecaster.config import ServeSettings
    from forecaster.service import web

    monkeypatch.chdir(models.parent)
    with TestClient(web.make_app(ServeSettings(), Path(models.name), None), base_url="http://localhost") as client:
        fault = client.post("/forecast?model=shop", content=DATA).json()["error"]
    assert fault["message"] == "no model 'shop' in the folder of models (models: tiny)"
    assert fault["hint"] == "See which there are: GET /models"


def test_a_bug_is_answered_as_json(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    from starlette.testclient import TestClient

    from forecaster.config import ServeSettings
    from forecaster.service import web

    def fail(*_: object) -> None:
        raise ValueError("inside")

    monkeypatch.setattr(web, "answer_forecast", fail)
    with TestClient(web.make_app(ServeSettings(), models, None), base_url="http://localhost") as client:
        answer = client.post("/forecast?model=tiny", content=DATA)
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "BUG"
    assert "inside" not in answer.text

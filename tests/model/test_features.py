"""Features beside windows, against plain loops; and that a window sees only what was known then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster import jobs
from forecaster.base.errors import DataError, UsageError
from forecaster.config import ModelSettings, PredictSettings, ReadSettings, StoreSettings, TrainSettings
from forecaster.config.jobfile import Entry
from forecaster.data.grid import read_panel
from forecaster.data.rows import Finding
from forecaster.jobs.record import find_inputs
from forecaster.model.features import Encoding, Features, check_ahead, choose_encodings, signals_of, sizes
from forecaster.model.origins import Origins
from forecaster.model.plan import NetworkShape
from forecaster.model.serving import Server
from forecaster.model.windows import WindowShape, cut_windows
from forecaster.training.network import build_network, serving_graph

Write = Callable[..., Path]
READ = ReadSettings(target="y", past_covariates="rain", future_covariates="promo,event", static_covariates="region")


def panel_csv(path: Path, series: int = 2, length: int = 60, ahead: int = 0) -> Path:
    """Write series whose target is 10, and 5 more on days with a promotion; all covariates are drawn."""
    rng = np.random.default_rng(3)
    rows = ["id,day,y,rain,promo,event,region"]
    for s in range(series):
        for t in range(length + ahead):
            promo, event = int(rng.random() < 0.3), str(rng.choice(["none", "fair", "match"]))
            y, rain = 10 + 5 * promo + rng.normal(0, 0.3), rng.normal()
            day = np.datetime64("2024-01-01") + t
            rows.append(f"s{s},{day},{f'{y:.3f}' if t < length else ''},{rain:.3f},{promo},{event},r{s % 2}")
    path.write_text("\n".join(rows) + "\n")
    return path


@given(st.data())
def test_what_stands_beside_a_window_is_what_loops_say(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    segment, count = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    horizon = data.draw(st.integers(1, 9))
    past, future, fixed = data.draw(st.sampled_from([(1, 1, 1), (2, 0, 0), (0, 2, 2), (0, 0, 1), (1, 2, 0)]))
    shape = WindowShape(
        lookback=segment * count,
        segment=segment,
        horizon=horizon,
        season=1,
        past=(0,) * past,
        future=(0,) * future,
        static=(0,) * fixed,
    )
    lengths = rng.integers(2, 15, 3)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    dynamic = [rng.normal(size=(n + horizon, past + future)).astype(np.float32) for n in lengths]
    static = rng.normal(size=(3, fixed)).astype(np.float32)
    features = Features(np.concatenate(dynamic), static, horizon)
    series = rng.integers(0, 3, 5)
    at = np.array([rng.integers(1, lengths[s] + 1) for s in series])
    found = features.of_windows(Origins(series=series, starts=offsets[series], ends=offsets[series] + at), shape)
    assert found.shape == (5, shape.segments, shape.channels - segment - 1)
    for n, (s, end) in enumerate(zip(series, at, strict=True)):
        for k in range(shape.segments):
            for d in range(past + future):
                for p in range(segment):
                    step = k * segment + p - shape.lookback  # steps from the end, the first one after it is 0
                    known = end + step >= 0 and (step < 0 or (d >= past and step < horizon))
                    expected = dynamic[s][end + step, d] if known else 0.0
                    assert found[n, k, d * segment + p] == expected
            assert found[n, k, (past + future) * segment :].tolist() == static[s].tolist()


def test_numbers_are_standardised_and_categories_counted_from_one(tmp_path: Path) -> None:
    panel = read_panel(panel_csv(tmp_path / "x.csv"), READ)
    encodings = choose_encodings(panel, ModelSettings(calendar="on", holidays="GB"))
    assert [(e.name, e.source) for e in encodings] == [
        ("rain", "past"),
        ("promo", "future"),
        ("event", "future"),
        ("weekday", "calendar"),
        ("year-sin", "calendar"),
        ("year-cos", "calendar"),
        ("GB", "holidays"),
        ("region", "static"),
    ]
    assert sizes(encodings, "future", "calendar", "holidays") == (0, 3, 7, 0, 0, 0)
    features = signals_of(panel, encodings, 7).features
    assert isinstance(features, Features)
    inside = features.dynamic[:60]
    everything = np.concatenate([features.dynamic[:60], features.dynamic[67:127]])
    assert everything[:, 0].mean() == pytest.approx(0, abs=1e-5)
    assert everything[:, 0].std() == pytest.approx(1, abs=1e-5)
    assert set(np.unique(inside[:, 2])) == {1, 2, 3}
    assert inside[:8, 3].tolist() == [1, 2, 3, 4, 5, 6, 7, 1]  # 2024-01-01 is a Monday
    assert np.flatnonzero(inside[:, 6]).tolist() == [0]  # New Year's Day
    assert features.static.tolist() == [[1], [2]]


def test_a_calendar_needs_dates(write_csv: Write) -> None:
    panel = read_panel(write_csv("t,y\n" + "".join(f"{t},{t % 5}\n" for t in range(30))))
    assert choose_encodings(panel, ModelSettings()) == ()
    for settings in (ModelSettings(calendar="on"), ModelSettings(holidays="GB")):
        with pytest.raises(UsageError, match="needs dates"):
            choose_encodings(panel, settings)


def test_a_missing_future_row_names_column_and_first_stamp(tmp_path: Path) -> None:
    panel = read_panel(panel_csv(tmp_path / "x.csv", ahead=3), READ)
    encodings = choose_encodings(panel, ModelSettings())
    assert check_ahead(panel, encodings, 3) == ()
    with pytest.raises(
        DataError, match=r"column 'promo' has no value at 2024-03-04, series 's0' \(4 missing"
    ) as caught:
        check_ahead(panel, encodings, 5)
    assert "--future FILE" in caught.value.hint
    assert panel.covariates is not None
    given = replace(panel, covariates=replace(panel.covariates, ahead="plan.csv"))
    with pytest.raises(DataError, match=r"plan.csv: column 'promo' has no value") as caught:
        check_ahead(given, encodings, 5)
    assert caught.value.hint == "Add what is missing to plan.csv"
    near = Finding("future-series", "warning", "plan.csv, line 3: no series of the data is called 's'")
    with pytest.raises(DataError, match=r"plan.csv, line 3: no series of the data is called 's': column") as caught:
        check_ahead(replace(given, findings=(near,)), encodings, 5)
    assert caught.value.hint == "Correct the name in plan.csv"


def test_a_category_that_was_never_seen_is_told_and_reads_as_unknown(tmp_path: Path) -> None:
    path = panel_csv(tmp_path / "x.csv", ahead=7)
    panel = read_panel(path, READ)
    encodings = choose_encodings(panel, ModelSettings())
    path.write_text(path.read_text().replace("match", "derby"))
    later = read_panel(path, None, panel.schema)
    [warning] = check_ahead(later, encodings, 7)
    assert "covariate 'event': 'derby' did not occur in training" in warning
    features = signals_of(later, encodings, 7).features
    assert isinstance(features, Features)
    assert set(np.unique(features.dynamic[:, 2])) == {0, 1, 3}


SHAPE = NetworkShape(
    window=WindowShape(
        lookback=16, segment=4, horizon=7, season=4, past=(0,), future=(0, 3), static=(0, 4), base=(2, 4)
    ),
    widths=(5, 5),
    dropout=0.1,
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cell": "gru"},
        pytest.param({"attention": True, "bidirectional": True}, marks=pytest.mark.slow),
        pytest.param({"draws": 2}, marks=pytest.mark.slow),
    ],
)
def test_a_network_with_features_is_exported_as_it_is(changes: dict[str, object]) -> None:
    shape = replace(SHAPE, **changes)  # type: ignore[arg-type]
    assert (shape.window.ahead, shape.window.segments, shape.window.channels) == (2, 6, 4 + 1 + 4 * 3 + 2)
    network = build_network(shape, seed=1)
    rng = np.random.default_rng(1)
    weights = [w + rng.normal(0, 0.3, w.shape).astype(np.float32) for w in network.get_weights()]
    network.set_weights(weights)
    inputs = rng.normal(size=(9, 6, shape.window.channels)).astype(np.float32)
    inputs[:, :, 5 + 8 : 5 + 12] = rng.integers(0, 4, (9, 6, 4))
    inputs[:, :, -1] = rng.integers(0, 5, (9, 1))
    served = Server(serving_graph(shape, [weights]), shape.draws).answer(inputs)[:, 0, :7]
    assert np.abs(served - network(inputs).numpy()).max() < 1e-5


def test_an_untrained_network_with_features_answers_the_base_path() -> None:
    inputs = np.random.default_rng(1).random((3, 6, SHAPE.window.channels)).astype(np.float32)
    assert np.abs(build_network(SHAPE, seed=1)(inputs).numpy()).max() == 0


def train(data: Path, folder: Path, reading: ReadSettings, **fit: object) -> jobs.TrainResult:
    job = jobs.TrainJob(
        data=str(data),
        reading=reading,
        model=ModelSettings(horizon=7, units="8", layers=1),
        training=TrainSettings(preset="fast", **{"steps": 3, "ensemble": 1, **fit}),  # type: ignore[arg-type]
        store=StoreSettings(models_dir=folder / "models", name="m", from_="none"),
    )
    return jobs.train(job)


def test_a_covariate_that_carries_the_signal_is_used_and_the_future_of_another_is_not(tmp_path: Path) -> None:
    """The promotion explains all but noise; as a past covariate, its future untold, it can explain nothing."""
    data = panel_csv(tmp_path / "x.csv", series=4, length=100)
    learning = {"steps": 160, "batch_size": 64, "learning_rate": 0.01}
    known = train(data, tmp_path, ReadSettings(target="y", future_covariates="promo"), **learning)
    leaking = train(data, tmp_path, ReadSettings(target="y", past_covariates="promo"), **learning)
    assert known.metrics["model"]["mase"] < 0.35
    assert leaking.metrics["model"]["mase"] > 0.6


def models_of(result: jobs.TrainResult) -> Path:
    """Return the folder of all models, in which one was trained."""
    return result.model.folder.parents[2]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> jobs.TrainResult:
    """A model that reads covariates of every kind, of data that goes on for a week."""
    folder = tmp_path_factory.mktemp("reader")
    return train(panel_csv(folder / "x.csv", ahead=7), folder, READ)


def test_nothing_that_came_after_a_cutoff_moves_a_forecast_but_what_was_known_ahead(
    reader: jobs.TrainResult, tmp_path: Path
) -> None:
    data, model = panel_csv(tmp_path / "x.csv", ahead=7), reader.model
    panel = read_panel(data, None, model.schema)
    origins = Origins.of(panel, np.arange(panel.n_series), panel.offsets[:-1] + 40)
    before = signals_of(panel, model.encodings, 7)
    lines = data.read_text().splitlines()
    cells = [line.split(",") for line in lines[1:]]
    for cell in cells:
        if cell[1] > "2024-02-09":  # step 40 is 2024-02-10
            cell[2], cell[3] = ("99" if cell[2] else ""), "5"
    data.write_text("\n".join([lines[0], *map(",".join, cells)]) + "\n")
    changed = read_panel(data, None, model.schema)
    after = signals_of(changed, model.encodings, 7)
    cut = [cut_windows(each.values, origins, model.window, each.features).inputs for each in (before, after)]
    assert np.array_equal(*cut)

    def forecast(**fresh: str) -> str:
        from forecaster.config import FreshSettings

        settings = PredictSettings(output="-", model="m", ledger="none")
        job = jobs.PredictJob(
            data=str(data), settings=settings, models_dir=models_of(reader), fresh=FreshSettings(**fresh)
        )
        return jobs.predict(job).text

    told = forecast(as_of="2024-02-09")
    data.write_text(data.read_text().replace(",99,5,", ",1,-5,"))
    assert forecast(as_of="2024-02-09") == told
    first = told.splitlines()[1].split(",")
    assert first[:2] == ["s0", "2024-02-10"]


def test_encodings_are_closed_records() -> None:
    assert Encoding(name="a", source="past").is_column
    assert not Encoding(name="GB", source="holidays").is_column


def test_future_rows_in_a_file_of_their_own_forecast_as_those_in_the_data(
    reader: jobs.TrainResult, tmp_path: Path
) -> None:
    whole = panel_csv(tmp_path / "whole.csv", ahead=7)
    header, *rows = whole.read_text().splitlines()
    known = [row for row in rows if row.split(",")[2]]
    ahead = [",".join(row.split(",")[k] for k in (0, 1, 4, 5)) for row in rows if not row.split(",")[2]]
    (tmp_path / "data.csv").write_text("\n".join([header, *known]) + "\n")
    (tmp_path / "ahead.csv").write_text("\n".join(["id,day,promo,event", *ahead]) + "\n")

    def forecast(data: str, **settings: object) -> str:
        asked = PredictSettings(output="-", model="m", ledger="none", **settings)  # type: ignore[arg-type]
        job = jobs.PredictJob(data=str(tmp_path / data), settings=asked, models_dir=models_of(reader))
        return jobs.predict(job).text

    assert forecast("data.csv", future=tmp_path / "ahead.csv") == forecast("whole.csv")
    with pytest.raises(DataError, match="column 'promo' has no value at 2024-03-01"):
        forecast("data.csv")
    (tmp_path / "ahead.csv").write_text("\n".join(["id,day,promo,event", *ahead[:2], *ahead[7:9]]) + "\n")
    assert len(forecast("data.csv", future=tmp_path / "ahead.csv", horizon=2).splitlines()) == 5


def test_a_job_of_a_batch_knows_when_its_future_rows_changed(tmp_path: Path) -> None:
    data, ahead = panel_csv(tmp_path / "x.csv"), tmp_path / "ahead.csv"
    ahead.write_text("id,day,promo\n")
    values = {"data": str(data), "future": str(ahead)}
    entry = Entry(name="nightly", command="predict", line=1, values=values)
    before = find_inputs(entry, tmp_path, str(data), None)
    assert before.mark("predict") == find_inputs(entry, tmp_path, str(data), None).mark("predict")
    ahead.write_text("id,day,promo\ns0,2024-03-01,1\n")
    assert before.mark("predict") != find_inputs(entry, tmp_path, str(data), None).mark("predict")

"""The use cases, one short function each. They only sequence calls: the work is done in the rooms above.

Nothing here prints or asks the clock; whoever calls passes the time, and `Events` report how far things are.

Each file may import only from files above it in this list and from the rooms on lower floors; on the right stand the
heavy packages that it may import when it is itself imported.

    brief          a result in one line: what a notebook shows of it
    names          which model is meant: its folder, and its name; and which data
    events         what somebody may want to see while a job runs
    notices        what somebody must hear of who looks at nothing but stderr                 numpy
    opening        data read for a saved model, to forecast after its end
    hierarchy      from series and their groups to what adds up to what                     numpy
    elsewhere      what commands have in common that share their work out to other processes
    check          from a data file to the verdict on it
    demo           a sample file for the first example
    compare        from a data file to a leaderboard of kinds                                 numpy
    doctor         whether this machine is fit to train and to forecast, and how fast it is
    evaluate       from a saved model and a data file to scores by rolling origin             numpy
    anomalies      from a saved model and a data file to values that are not as forecast      numpy
    explain        from a saved model and a data file to what moves its forecasts             numpy
    export         from a saved model to a file for another runtime                           numpy
    export_builtin the built-in network for another runtime: of raw values, or bare           numpy
    models         the models that there are, and whether they are whole
    models_compare from two versions of a model to how they differ
    models_upkeep  which version of a model is used, and which stay
    plot           from a saved model and a data file to a picture of some series
    futures        sample paths and totals of a forecast                                      numpy
    predict        from a saved model and a data file to a forecast file                      numpy
    part_records   what is remembered of each part of a folder                                numpy
    parts          the parts of a folder one by one, by whoever does tasks
    part_tasks     what the parts of a folder have in common, whatever is done with them
    predict_parts  from a saved model and a folder of parts to a folder of forecast files     numpy
    evaluate_parts from a saved model and a folder of parts to scores over all of them       pyarrow
    scenario       from several possible futures to forecasts side by side                    numpy
    record         `run.json`
    score          from the ledger and actual values to live scores
    score_parts    the same of a folder of parts with actual values                           numpy pyarrow
    train          from a data file to a published model                                      numpy
    tune           from a data file to the best settings for it
    rehearse       what a command would do and cost                                         numpy
    rehearse_scores the same of commands that measure                                       numpy
    rehearse_parts the same of a folder of parts, of which one is read
    report         from a saved model and a data file to one page that says what the model is worth
    partition      one large file, or many small ones → a folder of parts, each with whole series    numpy
    run            one job of a batch
"""

from forecaster.jobs.anomalies import AnomalyJob, AnomalyResult, anomalies
from forecaster.jobs.check import CheckJob, check
from forecaster.jobs.compare import CompareJob, CompareResult, compare
from forecaster.jobs.demo import DemoFiles, prepare_demo
from forecaster.jobs.doctor import Diagnosis, diagnose
from forecaster.jobs.evaluate import EvaluateJob, EvaluateResult, evaluate
from forecaster.jobs.evaluate_parts import check_parts_gates, evaluate_parts
from forecaster.jobs.events import Events, TrialRow
from forecaster.jobs.explain import ExplainJob, ExplainResult, GatesResult, explain, read_gates
from forecaster.jobs.export import ExportJob, ExportResult, export
from forecaster.jobs.export_builtin import BuiltinExport, export_builtin
from forecaster.jobs.models import (
    BuiltinFacts,
    Checked,
    ModelFacts,
    check_models,
    list_models,
    show_builtin,
    show_model,
)
from forecaster.jobs.models_compare import SuccessionJob, SuccessionResult, compare_versions
from forecaster.jobs.models_upkeep import Pruned, Switch, promote_version, prune_versions, roll_back
from forecaster.jobs.names import choose_model, models_folder, name_of
from forecaster.jobs.partition import PartitionJob, PartitionResult, partition
from forecaster.jobs.parts import PartsResult
from forecaster.jobs.plot import PlotJob, PlotResult, plot
from forecaster.jobs.predict import PredictJob, PredictResult, predict
from forecaster.jobs.predict_parts import parts_asked_for, predict_parts
from forecaster.jobs.record import read_record
from forecaster.jobs.rehearse import Rehearsal, rehearse_predict, rehearse_train
from forecaster.jobs.rehearse_parts import rehearse_evaluate_parts, rehearse_predict_parts
from forecaster.jobs.rehearse_scores import rehearse_compare, rehearse_evaluate, rehearse_tune
from forecaster.jobs.report import ReportJob, ReportResult, report
from forecaster.jobs.run import Planned, Run, load_jobs, model_key, rehearse_entry, run_entry
from forecaster.jobs.scenario import ScenarioJob, ScenarioResult, scenario
from forecaster.jobs.score import LiveScores, ScoreJob, ScoreResult, score
from forecaster.jobs.score_parts import PartsScoreResult, check_parts_limits, score_parts
from forecaster.jobs.train import TrainJob, TrainResult, train
from forecaster.jobs.tune import TuneJob, TuneResult, tune
from forecaster.model.builtin import is_builtin

__all__ = [
    "AnomalyJob",
    "AnomalyResult",
    "BuiltinExport",
    "BuiltinFacts",
    "CheckJob",
    "Checked",
    "CompareJob",
    "CompareResult",
    "DemoFiles",
    "Diagnosis",
    "EvaluateJob",
    "EvaluateResult",
    "Events",
    "ExplainJob",
    "ExplainResult",
    "ExportJob",
    "ExportResult",
    "GatesResult",
    "LiveScores",
    "ModelFacts",
    "PartitionJob",
    "PartitionResult",
    "PartsResult",
    "PartsScoreResult",
    "Planned",
    "PlotJob",
    "PlotResult",
    "PredictJob",
    "PredictResult",
    "Pruned",
    "Rehearsal",
    "ReportJob",
    "ReportResult",
    "Run",
    "ScenarioJob",
    "ScenarioResult",
    "ScoreJob",
    "ScoreResult",
    "SuccessionJob",
    "SuccessionResult",
    "Switch",
    "TrainJob",
    "TrainResult",
    "TrialRow",
    "TuneJob",
    "TuneResult",
    "anomalies",
    "check",
    "check_models",
    "check_parts_gates",
    "check_parts_limits",
    "choose_model",
    "compare",
    "compare_versions",
    "diagnose",
    "evaluate",
    "evaluate_parts",
    "explain",
    "export",
    "export_builtin",
    "is_builtin",
    "list_models",
    "load_jobs",
    "model_key",
    "models_folder",
    "name_of",
    "partition",
    "parts_asked_for",
    "plot",
    "predict",
    "predict_parts",
    "prepare_demo",
    "promote_version",
    "prune_versions",
    "read_gates",
    "read_record",
    "rehearse_compare",
    "rehearse_entry",
    "rehearse_evaluate",
    "rehearse_evaluate_parts",
    "rehearse_predict",
    "rehearse_predict_parts",
    "rehearse_train",
    "rehearse_tune",
    "report",
    "roll_back",
    "run_entry",
    "scenario",
    "score",
    "score_parts",
    "show_builtin",
    "show_model",
    "train",
    "tune",
]

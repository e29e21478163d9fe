"""The use cases, one short function each. They only sequence calls: the work is done in the rooms above.

Nothing here prints or asks the clock; whoever calls passes the time and is told by `Events` how far things are.
"""

from forecaster.jobs.batch import Run, load_jobs, model_key, run_entry
from forecaster.jobs.catalogue import Checked, check_models, list_models, show_model
from forecaster.jobs.checking import CheckJob, check
from forecaster.jobs.comparison import CompareJob, CompareResult, compare
from forecaster.jobs.diagnosis import Diagnosis, diagnose
from forecaster.jobs.evaluation import EvaluateJob, EvaluateResult, evaluate
from forecaster.jobs.events import Events
from forecaster.jobs.explaining import ExplainJob, ExplainResult, GatesResult, explain, read_gates
from forecaster.jobs.exporting import ExportJob, ExportResult, export
from forecaster.jobs.names import choose_model, models_folder, name_of
from forecaster.jobs.plotting import PlotJob, PlotResult, plot
from forecaster.jobs.prediction import PredictJob, PredictResult, predict
from forecaster.jobs.record import read_record
from forecaster.jobs.reporting import ReportJob, ReportResult, report
from forecaster.jobs.scoring import ScoreJob, ScoreResult, score
from forecaster.jobs.succession import SuccessionJob, SuccessionResult, compare_versions
from forecaster.jobs.training import TrainJob, TrainResult, train
from forecaster.jobs.tuning import TrialRow, TuneJob, TuneResult, tune
from forecaster.jobs.upkeep import Pruned, Switch, promote_version, prune_versions, roll_back

__all__ = [
    "CheckJob",
    "Checked",
    "CompareJob",
    "CompareResult",
    "Diagnosis",
    "EvaluateJob",
    "EvaluateResult",
    "Events",
    "ExplainJob",
    "ExplainResult",
    "ExportJob",
    "ExportResult",
    "GatesResult",
    "PlotJob",
    "PlotResult",
    "PredictJob",
    "PredictResult",
    "Pruned",
    "ReportJob",
    "ReportResult",
    "Run",
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
    "check",
    "check_models",
    "choose_model",
    "compare",
    "compare_versions",
    "diagnose",
    "evaluate",
    "explain",
    "export",
    "list_models",
    "load_jobs",
    "model_key",
    "models_folder",
    "name_of",
    "plot",
    "predict",
    "promote_version",
    "prune_versions",
    "read_gates",
    "read_record",
    "report",
    "roll_back",
    "run_entry",
    "score",
    "show_model",
    "train",
    "tune",
]

"""The use cases, one short function each. They only sequence calls: the work is done in the rooms above.

Nothing here prints or asks the clock; whoever calls passes the time and is told by `Events` how far things are.
"""

from forecaster.jobs.batch import Run, load_jobs, model_key, run_entry
from forecaster.jobs.catalogue import list_models, show_model
from forecaster.jobs.evaluation import EvaluateJob, EvaluateResult, evaluate
from forecaster.jobs.events import Events
from forecaster.jobs.names import choose_model, models_folder, name_of
from forecaster.jobs.prediction import PredictJob, PredictResult, predict
from forecaster.jobs.record import read_record
from forecaster.jobs.scoring import ScoreJob, ScoreResult, score
from forecaster.jobs.training import TrainJob, TrainResult, train

__all__ = [
    "EvaluateJob",
    "EvaluateResult",
    "Events",
    "PredictJob",
    "PredictResult",
    "Run",
    "ScoreJob",
    "ScoreResult",
    "TrainJob",
    "TrainResult",
    "choose_model",
    "evaluate",
    "list_models",
    "load_jobs",
    "model_key",
    "models_folder",
    "name_of",
    "predict",
    "read_record",
    "run_entry",
    "score",
    "show_model",
    "train",
]

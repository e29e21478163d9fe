"""The network that comes with the package: forecasts at once, without any training.

rhythm         how a series is cut: segments, seasons, how many of them
candidates     simple forecasts of a context, all at once                                 numpy
inputs         a batch of contexts → what the network reads                               numpy
contexts       contexts of any lengths, end to end                                        numpy
network        the built-in network: checked, opened, asked                               numpy
offset         contexts of a high level, and of long seasons, as they are asked about        numpy
"""

from forecaster.model.pretrained.contexts import Contexts, join
from forecaster.model.pretrained.network import Builtin, BuiltinCorruptError, open_builtin
from forecaster.model.pretrained.offset import forecast_apart, readable
from forecaster.model.pretrained.rhythm import LEVELS

__all__ = [
    "LEVELS",
    "Builtin",
    "BuiltinCorruptError",
    "Contexts",
    "forecast_apart",
    "join",
    "open_builtin",
    "readable",
]

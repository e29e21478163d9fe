"""Measurements of speed, memory and accuracy: `python -m benchmarks` writes their tables into `benchmarks/README.md`.

measure     run a command, and say how long it took and how much memory it held
speed       cold starts, against `import tensorflow` in the same run
memory      training and forecasting of large files
accuracy    train and predict as a user does, scored by a plain loop of its own
"""

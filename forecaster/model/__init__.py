"""Windows, the plan, saved models and their forecasts: NumPy and ONNX Runtime, never Keras.

Each file may import only from files above it in this list and from the rooms on lower floors; on the right stand the
heavy packages that it may import when it is itself imported.

    origins        where forecasts start: what names a window                                 numpy
    paths          base paths that are smoothed: linear maps of a window                         numpy
    windows        scaling, and cutting windows in batches                                    numpy
    features       covariates, calendar and holidays as numbers                              numpy
    calibration    how large errors are, and intervals from that                              numpy
    bands          intervals by learned quantiles or by dropout, calibrated too               numpy
    quantiles      quantiles of intervals                                                     numpy
    forecast       forecasts with their intervals, and the rows of a forecast file            numpy
    baselines      naive, seasonal naive, drift                                               numpy
    plan           every number that training needs; the presets
    shaping        the window of a panel: transform, base path, lookback                         numpy
    planner        a panel and the user's settings → a plan, chosen from the data             numpy
    divergence     why a loss is no number: the window, and what to do                        numpy
    rounds         the bytes of an ONNX graph → whether it could run without end
    serving        a batch of windows → forecasts, on ONNX Runtime                            numpy
    pretrained     the built-in network: its code, weights and card                           numpy
    companion      the pretrained network together with trained ones: its answers, its share numpy
    manifest       what a version says of itself: schema and seal
    version        one version of a saved model: its files, read without trust                numpy
    store          saved models: publish, load, the current version
    intermittent   zeros: rare demand and closed days, by the own past of a series              numpy
    conformal      quantiles of a network that knows other data → intervals for this data     numpy
    builtin        the built-in network, bound to a panel                                     numpy
    predictor      a saved model and a panel → forecasts, in blocks of windows                numpy
    copula         how errors of lead times and series go together, and samples of it         numpy
    samples        sample paths: whole futures                                                numpy
    reconciliation forecasts of series and of their sums → ones that add up                   numpy
    trials         ways to add up, tried on past cutoffs                                      numpy
    totals         sums of the next steps, with intervals                                     numpy
    coherence      the same with paths and intervals, exact as written                        numpy
    recursion      more steps than a model was trained for, round by round                    numpy
    ledger         what was forecast: parts that are added, and never changed                 numpy pyarrow
    transfer       a saved version → the plan of a training that goes on from it              numpy
    recorded       the built-in network as one ONNX graph: raw values in, quantiles out
    graph          a saved model as one ONNX graph: raw values in, forecasts out              numpy
"""

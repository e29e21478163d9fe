"""How good forecasts are: metrics, backtests, comparisons and searches.

Each file may import only from files above it in this list and from the rooms on lower floors; on the right stand the
heavy packages that it may import when it is itself imported.

    metrics        the published error measures                                               numpy
    outcome        issued forecasts against actual values: live scores                     numpy
    difference     two forecasts → what is revision, new rows, another model                  numpy
    kept           finished parts of a long backtest, stored until the end is                numpy
    backtest       scores on windows that a model did not see, by rolling origin too          numpy
    sums           totals of the next steps against actual values                            numpy
    tiers          levels of a hierarchy, before and after they add up                       numpy
    effects        how sure the effect of covariates is                                        numpy
    alarms         values outside the interval that was forecast for them                     numpy
    residuals      one-step-ahead errors: their autocorrelation and spread                    numpy
    outlook        a series at its end: history, past forecasts, and the next                 numpy
    mixing         the weights of the pretrained network and the trained ones               numpy
    challenge      a new network against the current version, on windows held out             numpy
    kinds          methods by name: a panel → forecasts after its end                         numpy
    comparison     kinds learning anew at each cutoff, and which differences are real         numpy
    search         settings worth trying, and a study of them that survives the process
    tuning         settings judged on windows held out, and the best against the defaults     numpy
"""

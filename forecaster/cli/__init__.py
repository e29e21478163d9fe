"""The command line: the only room that talks to a person, to cron, and to a pipe.

Each file may import only from files above it in this list and from the rooms on lower floors; on the right stand the
heavy packages that it may import when it is itself imported.

    early          the first moments of the process
    chart          a series, and its forecast, drawn with characters
    help           help as plain text                                                         typer
    screen         the last line of the terminal
    log            the log file: JSON lines, one event a line, in UTC
    completion     what a shell may complete                                                 typer
    options        settings dataclasses become flags, and flags become settings again         typer
    pool           the jobs of a batch as processes of their own
    process        the process as Unix sees it
    output         what is shown: data and results on stdout, notes on stderr
    notes          what was found in a data file
    progress       how far things are, in the last line of a terminal
    parts          a folder of parts, done one by one
    rehearsal      `--dry-run`
    scores         scores in the words and grids that a person reads
    succession     `forecast models compare`
    watch          who watches from outside
    boundary       the one error boundary                                                     typer
    anomalies      `forecast anomalies`: a saved model and a data file in, what is odd out
    check          `forecast check`: a data file in, the verdict on it out
    compare        `forecast compare`: a data file and kinds of methods in, a leaderboard out
    doctor         `forecast doctor`: what this machine trains and forecasts with
    evaluate       `forecast evaluate`: a saved model and known data in, scores out
    explain        `forecast explain`
    export         `forecast export`: a saved model in, a file for another runtime out        typer
    mcp            `forecast mcp`: the same functions as tools of an agent
    models         `forecast models`                                                          typer
    partition      `forecast partition`: one large file in, or many, a folder of parts out
    plot           `forecast plot`
    predict        `forecast predict`: a saved model and a data file in, a forecast file out
    report         `forecast report`
    scenario       `forecast scenario`: several futures in, forecasts side by side out
    score          `forecast score`: forecasts that were issued against actual values                         typer
    train          `forecast train`: settings in, a published model out                       typer
    tune           `forecast tune`: a data file in, the best settings for it out
    demo           `forecast demo`
    explain_code   `forecast explain-code`                                                    typer
    run            `forecast run`: a list of jobs for cron                                    typer
    serve          `forecast serve`: the same functions over HTTP
    schedule       `forecast schedule`                                                        typer
    app            the `forecast` application: its commands, run inside the error boundary    typer
"""

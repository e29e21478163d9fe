"""A file → Table → Observations → Panel: reading, checking, and what is found out on the way.

Each file may import only from files above it in this list and from the rooms on lower floors; on the right stand the
heavy packages that it may import when it is itself imported.

    languages      names of months and days in other languages
    stamps         text ↔ time: formats, zones, and back as they came in                      numpy pyarrow
    zones          offsets from UTC that a clock change would move                            numpy
    notation       which format a column of stamps is written in                              numpy pyarrow
    frequency      the frequency of a time index, and the next stamps                         numpy
    packed         bytes that are compressed → what they hold
    remote         an address → its bytes
    source         a path → its bytes, whole and unchanged while read
    folders        a folder or a glob, of files or of addresses → its parts
    frames         pandas ↔ the rest: a DataFrame as a data file, stamps                      numpy
    places         where a row of a table stands: a line, a row of a sheet, a part                numpy
    recipe         how a file becomes a plain table, and its rows observations
    units          how a number is written: marks, signs, units, currencies                   numpy pyarrow
    dialect        how a CSV file is written: separator, decimal, header                         numpy pyarrow
    table          a file → strict table of text with line numbers                            numpy pyarrow
    database       a database and a query → a table                                           pyarrow
    nested         JSON of any shape → records
    formats        DATA → a table: which formats, containers and places there are             numpy pyarrow
    schema         columns and notation of a kind of file; frozen in the model
    naming         what the name of a column says of it
    columns        which column is what                                                       numpy pyarrow
    marks          which marks and units read the numbers of a table                          numpy pyarrow
    partition      tables, one after the other → parts, each with whole series                 numpy pyarrow
    numbered       columns that are numbered: steps without dates
    parts          a stamp that stands in several columns                                     pyarrow
    rows           a table → observations: series, stamp, value; Finding                      numpy pyarrow
    blocks         DATA → one table after the other: files larger than memory                  numpy pyarrow
    cleaning       rows and cells of a report that are there for people                       numpy pyarrow
    shaping        a file of any shape → a plain table                                        numpy pyarrow
    covariates     covariates, on the grid of the series                                       numpy pyarrow
    cutoff         --as-of: the last stamp that counts, and rows up to it                     numpy
    checks         rows → findings: disorder, duplicates, holes, odd ids                      numpy
    decimals       numbers → how many digits after the decimal point write them                numpy
    steps          many rows a step → one: aggregated, or merged where they repeat            numpy
    weekends       days that belong to no week of business days                                  numpy
    observations   a file → its observations, sorted, not on a grid yet
    listing        a folder or glob → its parts, and whether each series is in one of them      numpy
    holes          missing steps: series that have too many, and what fills others            numpy
    seasonality    season lengths found in the values themselves                              numpy
    anomalies      outliers by robust seasonal residuals, shifts of the level                 numpy
    panel          Panel: regular series at one frequency, valid by construction              numpy
    size           values too large to compute with                                              numpy
    seasons        what the values say against the season that is taken
    precision      how many digits the values have                                            numpy
    merit          how sensible a reading of a file is, among several                          numpy
    problems       what is wrong with a file → all of it, and one command that reads it          numpy
    grid           a file → Panel: laid on the grid of its frequency, holes filled            numpy
    drawing        parts larger than memory → a panel of as many series as fit, drawn evenly   numpy
    novelty        what covariates have ahead that they never had before                      numpy
    hierarchy      which series add up to what, and the panel of all sums                     numpy pyarrow
    age            how old data is, and what is too old                                       numpy
    caps           values that cannot be above 1 or 100: shares and rates                         numpy
    almanac        stamps → calendar features, public holidays                                numpy
    examination    a panel and its rows → findings, one a kind and series                     numpy
"""

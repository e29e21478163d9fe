"""What every other room stands on: errors, words, files, records.

Each file may import only from files above it in this list and from the rooms on lower floors; on the right stand the
heavy packages that it may import when it is itself imported.

    errors         what can go wrong, each with its exit code
    system         an error of the operating system → the fault that it is for the user
    identity       whether two paths are one file
    files          the only room that writes: atomic replace, publish a folder, lock, hash
    words          numbers and scores as a person reads them
    extras         packages that not everybody needs, and how to get them
    machine        this machine: processor, packages, what lies about
    cron           a cron expression → a crontab line, a systemd timer
    records        JSON ↔ frozen dataclasses, closed and bounded
    arrays         named arrays ↔ the bytes of an .npz file                                   numpy
    arrow          numpy ↔ Arrow, without a detour through                                    numpy pyarrow
    rowfile        rows in blocks of columns → a CSV or Parquet file                          numpy pyarrow
    runtime        the process made ready for Keras: environment, stderr, threads
    meter          how far a long piece of work is, for whoever looks
    tasks          tasks → their results, in this process
    cluster        tasks → their results, on worker processes, by Dask                       dask distributed
    workers        who does the tasks of a command
"""

"""How the built-in network was made: generators, corpus, the run, its validation and export.

In order: draws, families, corpus, sources, mixture, feed, validate, stretches, export, net, run.
"""

"""What a person is shown: explanations, figures, the page.

Each file may import only from files above it in this list and from the rooms on lower floors; on the right stand the
heavy packages that it may import when it is itself imported.

    verdict        a data file → what was detected, how sure, and all findings                numpy
    explanation    which values of the window move a forecast, and how far                    numpy
    recurrence     what the gates of a saved network do, step by step                         numpy
    figure         what a figure shows: lines, bands and bars, on no canvas yet               numpy
    futures        a series under several futures, as a figure                                 numpy
    drawing        figures → SVG, PNG, PDF, by                                                numpy
    pictures       explanations and gates as pictures                                         numpy
    page           the facts of a model → one page of HTML                                numpy
"""

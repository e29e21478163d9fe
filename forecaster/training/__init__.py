"""The only room that loads TensorFlow: the network, how it is fitted, and its exports.

Each file may import only from files above it in this list and from the rooms on lower floors; on the right stand the
heavy packages that it may import when it is itself imported.

    checkpoint     an interrupted training, saved to go on from                               numpy
    cells          the recurrent cells: LSTM, GRU, peephole, plain                            keras
    canonical      an ONNX graph → the same graph, in one order and with one set of names    onnx
    network        the Keras network, the whole of it in one file                             keras numpy
    losses         what training minimises                                                    numpy tensorflow
    optimizers     the optimisers, and how their learning rate falls                          keras
    steps          the compiled training step, on one device or several GPUs                  keras numpy tensorflow
    fit            batches, early stopping, device                                            keras numpy tensorflow
    stopwatch      seconds of a training step on a device, and its LSTM kernel                keras numpy tensorflow
    lite           the same for TensorFlow: SavedModel and LiteRT                             numpy tensorflow
"""

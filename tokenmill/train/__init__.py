"""Training on a corpus of token shards: the model, the data order, the optimizers, the loop and its checkpoints."""

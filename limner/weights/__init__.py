"""Weights that come from elsewhere or go there: model files, pre-trained networks, public checkpoints."""

"""Evaluate a model: one code for the trainer's validations, samples and evaluation on its own."""

from limner.evaluation.evaluate import Evaluation, evaluate
from limner.evaluation.validation import Validated, Validator

__all__ = ["Evaluation", "Validated", "Validator", "evaluate"]

"""The course of reports: their states and steps, the catalogue of matters, and the teams that act."""

from layers.workflow.course import MARKS, TRANSITIONS, Transition, possible_steps
from layers.workflow.steps import StepDetails, take_step

__all__ = ["MARKS", "TRANSITIONS", "StepDetails", "Transition", "possible_steps", "take_step"]

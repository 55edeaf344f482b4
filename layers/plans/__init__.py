"""Plans: dated editions of the grids of one scope, from the first drawing to the day they are replaced."""

from layers.plans.activation import activate_plans
from layers.plans.course import TRANSITIONS, advance_plan, get_plan, list_plans
from layers.plans.drawing import compute_drawing, draw_plan, store_plan
from layers.plans.options import DrawOptions
from layers.plans.publishing import publish_plan
from layers.plans.withdrawing import withdraw_plan

__all__ = [
    "TRANSITIONS",
    "DrawOptions",
    "activate_plans",
    "advance_plan",
    "compute_drawing",
    "draw_plan",
    "get_plan",
    "list_plans",
    "publish_plan",
    "store_plan",
    "withdraw_plan",
]

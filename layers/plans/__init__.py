"""Plans: dated editions of the grids of one scope, from the first drawing to the day they are replaced."""

from layers.plans.course import TRANSITIONS, advance_plan, get_plan, list_plans
from layers.plans.drawing import DrawOptions, draw_plan
from layers.plans.publishing import publish_plan

__all__ = ["TRANSITIONS", "DrawOptions", "advance_plan", "draw_plan", "get_plan", "list_plans", "publish_plan"]

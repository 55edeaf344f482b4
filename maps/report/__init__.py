"""A map of an area in one HTML file that loads nothing."""

from maps.report.build import report_html

__all__ = ["report_html"]

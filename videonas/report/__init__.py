"""What a search did, for people: one self-contained HTML page, and pictures of networks."""

from videonas.report.diagram import diagram_svg, diagram_text
from videonas.report.page import build_report

__all__ = ["build_report", "diagram_svg", "diagram_text"]

"""The page of a run: one HTML file that needs nothing else.

>>> stemma.report.write(["RUN.h5"], "report.html")
"""

from stemma.report.page import follow_page, page, write
from stemma.report.payload import payload

__all__ = ["follow_page", "page", "payload", "write"]

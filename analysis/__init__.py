"""One series through every feature: the pipeline, its results on disk, the report and the summary."""

from analysis.pipeline import analyze, analyze_sample
from analysis.report import report_html
from analysis.results import Results, load_results

__all__ = ["Results", "analyze", "analyze_sample", "load_results", "report_html"]

"""The threads: a worker that runs the analysis, and the pipeline that joins it to a source."""

"""The threads: a worker that runs the analysis, and the pipeline that connects it to a source."""

"""The chapters of the page, in the order of the pipeline. Each one reads for itself."""

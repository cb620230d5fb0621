"""The measures of `scripts.measure_complaints`, one module each."""

"""The groups of benchmarks: a module each, with ``run(run) -> Group``."""

"""The groups of benchmarks: a module each, and each has ``run(run) -> Group``."""

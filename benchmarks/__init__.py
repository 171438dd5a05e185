"""The benchmark suite; ``python -m benchmarks`` runs it."""

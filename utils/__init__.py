"""Ground floor: dialogue in, settings, weights, results. Imports nothing else of ours."""

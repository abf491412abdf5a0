"""Training data: splits, noise mixing and beats."""

"""What all models share: training sets, splits, figures, gate and registry."""

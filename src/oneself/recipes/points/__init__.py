"""Methods on point clouds."""

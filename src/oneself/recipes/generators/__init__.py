"""Methods that restore with a generator or a diffusion model that was trained on other pictures."""

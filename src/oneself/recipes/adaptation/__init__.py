"""Methods that adapt a pretrained network to the input."""

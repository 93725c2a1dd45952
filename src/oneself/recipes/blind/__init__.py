"""The blur that a picture was shrunk with."""

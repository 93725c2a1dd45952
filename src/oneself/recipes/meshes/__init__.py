"""Methods that give meshes."""

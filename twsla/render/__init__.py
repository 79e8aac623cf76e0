"""Values to text: the only place where a cell becomes characters."""

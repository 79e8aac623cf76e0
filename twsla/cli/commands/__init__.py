"""Commands that are not analyses, one file each; the registry names them."""

"""The store for assistants: tools of the Model Context Protocol, made from the registered analyses."""

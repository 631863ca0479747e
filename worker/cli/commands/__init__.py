"""What the words do that a person types: a module, or a package, for each."""

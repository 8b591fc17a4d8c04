"""The screens: each wires widgets to the engine, and has a method for every key it has in the registry."""

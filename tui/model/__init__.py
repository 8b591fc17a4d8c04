"""What a fleet is: pure values and rules, no I/O, no asyncio, no clock of its own."""

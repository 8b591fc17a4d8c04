"""Each promise of docs/safety.md, and the test that shows it: a sample in `make test`, the whole in `make torture`."""

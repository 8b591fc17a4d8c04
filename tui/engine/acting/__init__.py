"""What changes a supervisord: jobs of safe sequences, the readings that prove them, and what is remembered to undo them."""

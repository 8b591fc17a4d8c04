"""One supervisord over a wire: XML-RPC in `codec` and `status`, HTTP in `http` and `connect`, typed calls in `client`."""

"""The network around a host: where it is, which routes and interface endpoints it has to a service, and one of our own."""

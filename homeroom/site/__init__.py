"""Site: settings, URLs, server, command line and every link between modules."""

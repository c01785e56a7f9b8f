"""Several processes that train one network, compared with one process."""

"""The routes, one module for each subject; each route parses, calls a service and shapes the answer."""

"""The doors: the web application, and the command line `fengqiao`."""

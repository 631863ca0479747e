"""What answers over HTTP: the provider on every path but one, and the control of the stand-in on that one."""

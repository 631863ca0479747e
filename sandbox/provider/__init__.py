"""A stateful stand-in for the provider's customer API: a real HTTP server with its rules, faults and a journal.

The way of one call: `endpoints` reads it off the socket, `standin` decides (fault, operation, effect, journal line),
`endpoints` answers or hangs up. `accounts` is what the provider holds, `operations` what it does with a call; neither
touches the network.
Start it with `server.serve` (a program) or `server.running` (a test); steer and question it with `remote`.
"""

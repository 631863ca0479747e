"""What the provider does with a call: which operation it names, whether that is acceptable, what changes, what is said.

`reading` and `addressing` say what a call asks for, `registry` which function does it, `replies` how the answer looks.
Each operation is a function from a `Call` to a `Reply` and runs to its end without waiting for anything.
"""

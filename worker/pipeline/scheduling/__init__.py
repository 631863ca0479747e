"""Which job runs next: lanes, turns, slots and times; one lock, one owner of what stands where."""

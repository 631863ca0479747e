"""Who runs when: lanes, handler threads, retries that wait, pauses, and giving back what is held."""

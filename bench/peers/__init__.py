"""The same work for each peer, written as its documentation advises, and run by the peers' own interpreter."""

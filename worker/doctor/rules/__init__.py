"""The rules, by what they look at. Each is a function from facts to findings; none of them raises."""

"""What is sent for each command and each question, and how its answer is to be understood."""

"""How it is asked: a Locust child process sends what an order says, when it is due, and writes down what happened."""

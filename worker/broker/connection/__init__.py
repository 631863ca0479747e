"""One AMQP connection on a thread of its own: how it is opened, kept, written to and given up."""

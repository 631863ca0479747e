"""What `doctor` asks the broker, over AMQP and over the management API, without changing anything."""

"""What can be done with a reseller's customers: create, list, let send and log in, change, close."""

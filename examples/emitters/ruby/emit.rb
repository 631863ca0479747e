# Creates one customer and waits for the answer. What each exit code means is in ../README.md.
require "bunny"
require "json"
require "securerandom"
require "time"

SOURCE = "billing"
ANSWER_SECONDS = 60
CREATED, FAILED, NOT_TAKEN, NO_ANSWER = 0, 1, 2, 3

class NotTaken < StandardError; end

# Keep the id with your order: sent again under the same id, the command is still done only once.
def create_customer(username, id)
  {
    specversion: "1.0",
    type: "CreateCustomer",
    source: SOURCE,
    id: id,
    subject: "cus_#{username}", # your own reference of the customer: commands about one are done in order
    time: Time.now.utc.iso8601,
    datacontenttype: "application/json",
    data: {
      username: username,
      password: "a-first-password",
      email: "ada@example.com",
      first_name: "Ada",
      last_name: "Example",
      address: "1 Harbor Street",
      city: "Springfield",
      state: "CA",
      zip: "91234",
      country: "US",
      phone: "555-0100",
      website: "ada.example.com",
      company: "Ada Ltd",
      package: "Basic",
      whitelabel: "mail.ada.example.com"
    }
  }
end

# Puts the event that this command caused into a Queue.
# The broker's queue goes with this program; in production declare a durable one, once.
def listen(channel, prefix, command)
  answers = Queue.new
  queue = channel.queue("", exclusive: true, auto_delete: true)
  queue.bind("#{prefix}.events", routing_key: "*.#{SOURCE}")
  queue.subscribe do |_delivery, _properties, body|
    event = JSON.parse(body)
    answers << event if event["causationid"] == command[:id]
  end
  answers
end

# Returns once the broker has it on disk; raises when it refused it, or no queue was there to take it.
def publish(channel, prefix, command)
  returned = nil
  channel.confirm_select
  exchange = channel.exchange("#{prefix}.commands", passive: true)
  # A message that no queue took comes back first, and is confirmed after that.
  exchange.on_return { |why, _properties, _body| returned = why.reply_text }
  exchange.publish(
    JSON.generate(command),
    routing_key: command[:type],
    content_type: "application/cloudevents+json",
    message_id: command[:id],
    persistent: true,
    mandatory: true
  )
  raise NotTaken, "refused" unless channel.wait_for_confirms
  raise NotTaken, "returned: #{returned}" if returned
end

# Says what is usually wrong when nothing was there to take the command.
def likely_cause(problem, prefix)
  return "" unless problem.match?(/NO_ROUTE|NOT_FOUND/)

  " (is PREFIX=#{prefix} wrong, or has no worker declared its exchanges yet?)"
end

def main
  prefix = ENV.fetch("PREFIX", "provisioning")
  username = ARGV.fetch(0, "ada-#{SecureRandom.hex(4)}@example.com")
  command = create_customer(username, ARGV.fetch(1, "evt_#{SecureRandom.uuid}"))
  warn "sending #{command[:id]} for #{username}"
  url = ENV.fetch("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/").chomp("/") # Bunny takes "/" for a vhost named ""
  connection = Bunny.new(url, automatically_recover: false, log_file: $stderr)
  begin
    connection.start
    channel = connection.create_channel
    answers = listen(channel, prefix, command) # before sending: so the answer cannot be missed
    publish(channel, prefix, command)
  rescue Bunny::Exception, NotTaken, Timeout::Error => e
    warn "not sent: #{e.message}#{likely_cause(e.message, prefix)}; send it again with the same id"
    return NOT_TAKEN
  end
  event = Timeout.timeout(ANSWER_SECONDS) { answers.pop }
  puts JSON.generate(event)
  event["type"] == "CommandFailed" ? FAILED : CREATED
rescue Timeout::Error
  warn "sent, and not answered yet"
  NO_ANSWER
ensure
  connection&.close if connection&.open?
end

exit main

// Creates one customer and waits for the answer. What each exit code means is in ../README.md.

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

public final class Emit {
    private static final String SOURCE = "billing";
    private static final int CONFIRM_MILLISECONDS = 10_000;
    private static final int ANSWER_SECONDS = 60;
    private static final int CREATED = 0, FAILED = 1, NOT_TAKEN = 2, NO_ANSWER = 3;

    private final String prefix = setting("PREFIX", "provisioning");
    // Keep the id with your order: sent again under the same id, the command is still done only once.
    private final String id;
    private final String username;

    private Emit(String username, String id) {
        this.username = username;
        this.id = id;
    }

    public static void main(String[] arguments) throws Exception {
        String random = "ada-" + UUID.randomUUID().toString().substring(0, 8) + "@example.com";
        String username = arguments.length > 0 ? arguments[0] : random;
        String id = arguments.length > 1 ? arguments[1] : "evt_" + UUID.randomUUID();
        System.err.println("sending " + id + " for " + username);
        System.exit(new Emit(username, id).run());
    }

    private int run() throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(setting("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/"));
        if (factory.getVirtualHost().isEmpty()) {
            factory.setVirtualHost("/"); // a URL that ends in / names the vhost "" to this library
        }
        Connection connection = null;
        BlockingQueue<String> answers;
        try {
            connection = factory.newConnection();
            Channel channel = connection.createChannel();
            answers = listen(channel); // before sending: so the answer cannot be missed
            publish(channel);
        } catch (Exception error) {
            System.err.println("not sent: " + problem(error) + "; send it again with the same id");
            if (connection != null) {
                connection.abort();
            }
            return NOT_TAKEN;
        }
        String event = answers.poll(ANSWER_SECONDS, TimeUnit.SECONDS);
        connection.close();
        if (event == null) {
            System.err.println("sent, and not answered yet");
            return NO_ANSWER;
        }
        System.out.println(event);
        return event.contains("\"type\":\"CommandFailed\"") ? FAILED : CREATED;
    }

    /** What happened, and what is usually wrong when nothing was there to take the command. */
    private String problem(Exception error) {
        // The library wraps what the broker said in an exception without words.
        String told = error.getMessage() == null && error.getCause() != null ? "" + error.getCause() : "" + error;
        boolean nobodyThere = told.contains("NO_ROUTE") || told.contains("NOT_FOUND");
        return told + (nobodyThere
            ? " (is PREFIX=" + prefix + " wrong, or has no worker declared its exchanges yet?)"
            : "");
    }

    /** The queue goes with this program; in production declare a durable one, once. */
    private BlockingQueue<String> listen(Channel channel) throws IOException {
        BlockingQueue<String> answers = new LinkedBlockingQueue<>();
        String queue = channel.queueDeclare("", false, true, true, null).getQueue();
        channel.queueBind(queue, prefix + ".events", "*." + SOURCE);
        channel.basicConsume(queue, true, (tag, delivery) -> {
            // With a JSON library at hand, compare the field causationid of the event instead.
            String event = new String(delivery.getBody(), StandardCharsets.UTF_8);
            if (event.contains("\"causationid\":\"" + id + "\"")) {
                answers.add(event);
            }
        }, tag -> {});
        return answers;
    }

    /** Returns once the broker has it on disk; throws when it refused it, or no queue was there to take it. */
    private void publish(Channel channel) throws Exception {
        AtomicReference<String> returned = new AtomicReference<>();
        // A message that no queue took comes back first, and is confirmed after that.
        channel.addReturnListener((code, text, exchange, key, properties, body) -> returned.set(text));
        channel.confirmSelect();
        AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
            .contentType("application/cloudevents+json")
            .deliveryMode(2)
            .messageId(id)
            .build();
        byte[] body = createCustomer().getBytes(StandardCharsets.UTF_8);
        channel.basicPublish(prefix + ".commands", "CreateCustomer", true, properties, body);
        channel.waitForConfirmsOrDie(CONFIRM_MILLISECONDS);
        if (returned.get() != null) {
            throw new IOException("returned: " + returned.get());
        }
    }

    /** The subject is your own reference of the customer: commands about one are done in order. */
    private String createCustomer() {
        return """
            {
              "specversion": "1.0",
              "type": "CreateCustomer",
              "source": "%s",
              "id": "%s",
              "subject": "cus_%s",
              "time": "%s",
              "datacontenttype": "application/json",
              "data": {
                "username": "%s",
                "password": "a-first-password",
                "email": "ada@example.com",
                "first_name": "Ada",
                "last_name": "Example",
                "address": "1 Harbor Street",
                "city": "Springfield",
                "state": "CA",
                "zip": "91234",
                "country": "US",
                "phone": "555-0100",
                "website": "ada.example.com",
                "company": "Ada Ltd",
                "package": "Basic",
                "whitelabel": "mail.ada.example.com"
              }
            }
            """.formatted(SOURCE, id, username, Instant.now(), username);
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}

<?php
// Creates one customer and waits for the answer. What each exit code means is in ../README.md.

declare(strict_types=1);

use PhpAmqpLib\Channel\AMQPChannel;
use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\AMQPExceptionInterface;
use PhpAmqpLib\Exception\AMQPTimeoutException;
use PhpAmqpLib\Message\AMQPMessage;

// Composer's autoloader where there is one, else that of Debian's php-amqplib.
require is_file(__DIR__ . '/vendor/autoload.php') ? __DIR__ . '/vendor/autoload.php' : 'PhpAmqpLib/autoload.php';

const SOURCE = 'billing';
const CONFIRM_SECONDS = 10;
const ANSWER_SECONDS = 60;
const CREATED = 0, FAILED = 1, NOT_TAKEN = 2, NO_ANSWER = 3;

/** Keep the id with your order: sent again under the same id, the command is still done only once. */
function createCustomer(string $username, string $id): array
{
    return [
        'specversion' => '1.0',
        'type' => 'CreateCustomer',
        'source' => SOURCE,
        'id' => $id,
        'subject' => "cus_$username", // your own reference of the customer: commands about one are done in order
        'time' => gmdate('Y-m-d\TH:i:s\Z'),
        'datacontenttype' => 'application/json',
        'data' => [
            'username' => $username,
            'password' => 'a-first-password',
            'email' => 'ada@example.com',
            'first_name' => 'Ada',
            'last_name' => 'Example',
            'address' => '1 Harbor Street',
            'city' => 'Springfield',
            'state' => 'CA',
            'zip' => '91234',
            'country' => 'US',
            'phone' => '555-0100',
            'website' => 'ada.example.com',
            'company' => 'Ada Ltd',
            'package' => 'Basic',
            'whitelabel' => 'mail.ada.example.com',
        ],
    ];
}

function connect(string $url): AMQPStreamConnection
{
    $at = array_map(fn ($part) => is_string($part) ? rawurldecode($part) : $part, parse_url($url));
    $vhost = substr($at['path'] ?? '/', 1);
    return new AMQPStreamConnection(
        $at['host'], $at['port'] ?? 5672, $at['user'] ?? 'guest', $at['pass'] ?? 'guest', $vhost === '' ? '/' : $vhost
    );
}

/**
 * Calls $heard with each event told to us. The queue goes with this program; in production declare a durable one, once.
 */
function listen(AMQPChannel $channel, string $prefix, callable $heard): void
{
    [$queue] = $channel->queue_declare('', false, false, true, true);
    $channel->queue_bind($queue, "$prefix.events", '*.' . SOURCE);
    $take = fn (AMQPMessage $message) => $heard(json_decode($message->getBody(), true));
    $channel->basic_consume($queue, '', false, true, false, false, $take);
}

/** Returns once the broker has it on disk; throws when it refused it, or no queue was there to take it. */
function publish(AMQPChannel $channel, string $prefix, array $command): void
{
    $problem = null;
    $channel->confirm_select();
    $channel->set_nack_handler(function () use (&$problem) {
        $problem = 'refused';
    });
    $channel->set_return_listener(function (int $code, string $text) use (&$problem) {
        $problem = "returned: $text";
    });
    $message = new AMQPMessage(json_encode($command), [
        'content_type' => 'application/cloudevents+json',
        'delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT,
        'message_id' => $command['id'],
    ]);
    $channel->basic_publish($message, "$prefix.commands", $command['type'], true);
    $channel->wait_for_pending_acks_returns(CONFIRM_SECONDS);
    if ($problem !== null) {
        throw new RuntimeException($problem);
    }
}

/** Says what is usually wrong when nothing was there to take the command. */
function likelyCause(string $problem, string $prefix): string
{
    if (!preg_match('/NO_ROUTE|NOT_FOUND/', $problem)) {
        return '';
    }
    return " (is PREFIX=$prefix wrong, or has no worker declared its exchanges yet?)";
}

/** @param array<int, string> $argv */
function main(array $argv): int
{
    $prefix = getenv('PREFIX') ?: 'provisioning';
    $username = $argv[1] ?? 'ada-' . bin2hex(random_bytes(4)) . '@example.com';
    $command = createCustomer($username, $argv[2] ?? 'evt_' . bin2hex(random_bytes(16)));
    fwrite(STDERR, "sending {$command['id']} for $username\n");
    $answer = null;
    try {
        $connection = connect(getenv('AMQP_URL') ?: 'amqp://guest:guest@127.0.0.1:5672/');
        $channel = $connection->channel();
        // Before sending: so the answer cannot be missed.
        listen($channel, $prefix, function (array $event) use ($command, &$answer) {
            $answer = $event['causationid'] === $command['id'] ? $event : $answer;
        });
        publish($channel, $prefix, $command);
    } catch (AMQPExceptionInterface | RuntimeException $error) {
        $problem = $error->getMessage() . likelyCause($error->getMessage(), $prefix);
        fwrite(STDERR, "not sent: $problem; send it again with the same id\n");
        return NOT_TAKEN;
    }
    $deadline = microtime(true) + ANSWER_SECONDS;
    try {
        while ($answer === null) {
            $channel->wait(null, false, max(0.1, $deadline - microtime(true)));
        }
    } catch (AMQPTimeoutException) {
        fwrite(STDERR, "sent, and not answered yet\n");
        return NO_ANSWER;
    }
    $connection->close();
    echo json_encode($answer), "\n";
    return $answer['type'] === 'CommandFailed' ? FAILED : CREATED;
}

exit(main($argv));

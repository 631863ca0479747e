// Creates one customer and waits for the answer. What each exit code means is in ../README.md.
import { randomUUID } from "node:crypto";
import amqp from "amqplib";

const SOURCE = "billing";
const ANSWER_SECONDS = 60;
const [CREATED, FAILED, NOT_TAKEN, NO_ANSWER] = [0, 1, 2, 3];

const url = process.env.AMQP_URL ?? "amqp://guest:guest@127.0.0.1:5672/";
const prefix = process.env.PREFIX ?? "provisioning";
const username = process.argv[2] ?? `ada-${randomUUID().slice(0, 8)}@example.com`;
const id = process.argv[3] ?? `evt_${randomUUID()}`;

// Keep the id with your order: sent again under the same id, the command is still done only once.
const command = {
  specversion: "1.0",
  type: "CreateCustomer",
  source: SOURCE,
  id,
  subject: `cus_${username}`, // your own reference of the customer: commands about one are done in order
  time: new Date().toISOString(),
  datacontenttype: "application/json",
  data: {
    username,
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
    whitelabel: "mail.ada.example.com",
  },
};

// Resolves with the event that this command caused, or with null when there is none in time.
// The queue goes with this program; in production declare a durable one, once.
async function listen(channel) {
  const { queue } = await channel.assertQueue("", { exclusive: true, autoDelete: true });
  await channel.bindQueue(queue, `${prefix}.events`, `*.${SOURCE}`);
  let heard;
  const answer = new Promise((resolve) => (heard = resolve));
  const tooLate = setTimeout(() => heard(null), ANSWER_SECONDS * 1000);
  const take = (message) => {
    const event = JSON.parse(message.content);
    if (event.causationid !== command.id) return;
    clearTimeout(tooLate);
    heard(event);
  };
  await channel.consume(queue, take, { noAck: true });
  return { answer, cancel: () => clearTimeout(tooLate) };
}

// Resolves once the broker has it on disk; rejects when it refused it, or no queue was there to take it.
function publish(channel) {
  return new Promise((resolve, reject) => {
    // A message that no queue took comes back first, and is confirmed after that.
    channel.on("return", (message) => reject(new Error(`returned: ${message.fields.replyText}`)));
    const options = {
      contentType: "application/cloudevents+json",
      persistent: true,
      mandatory: true,
      messageId: command.id,
    };
    const body = Buffer.from(JSON.stringify(command));
    channel.publish(`${prefix}.commands`, command.type, body, options, (error) => (error ? reject(error) : resolve()));
  });
}

// What is usually wrong when nothing was there to take the command.
function likelyCause(problem) {
  if (!/NO_ROUTE|NOT_FOUND|NOT-FOUND/.test(problem)) return "";
  return ` (is PREFIX=${prefix} wrong, or has no worker declared its exchanges yet?)`;
}

async function main() {
  console.error(`sending ${id} for ${username}`);
  let connection, listening;
  try {
    connection = await amqp.connect(url);
    connection.on("error", () => {}); // what was under way is rejected, and told below
    const channel = await connection.createConfirmChannel();
    channel.on("error", () => {});
    listening = await listen(channel); // before sending: so the answer cannot be missed
    await publish(channel);
  } catch (error) {
    const problem = error.message || error.code;
    console.error(`not sent: ${problem}${likelyCause(problem)}; send it again with the same id`);
    listening?.cancel();
    await connection?.close().catch(() => {});
    return NOT_TAKEN;
  }
  const event = await listening.answer;
  await connection.close();
  if (event === null) {
    console.error("sent, and not answered yet");
    return NO_ANSWER;
  }
  console.log(JSON.stringify(event));
  return event.type === "CommandFailed" ? FAILED : CREATED;
}

process.exitCode = await main();

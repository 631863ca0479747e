// Creates one customer and waits for the answer. What each exit code means is in ../README.md.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	source         = "billing"
	confirmSeconds = 10
	answerSeconds  = 60
)

const (
	created = iota
	failed
	notTaken
	noAnswer
)

type command struct {
	SpecVersion string            `json:"specversion"`
	Type        string            `json:"type"`
	Source      string            `json:"source"`
	ID          string            `json:"id"`
	Subject     string            `json:"subject"`
	Time        time.Time         `json:"time"`
	ContentType string            `json:"datacontenttype"`
	Data        map[string]string `json:"data"`
}

type event struct {
	Type        string `json:"type"`
	CausationID string `json:"causationid"`
}

func main() { os.Exit(run()) }

func run() int {
	username := "ada-" + random(4) + "@example.com"
	if len(os.Args) > 1 {
		username = os.Args[1]
	}
	id := "evt_" + random(16)
	if len(os.Args) > 2 {
		id = os.Args[2]
	}
	prefix, order := setting("PREFIX", "provisioning"), createCustomer(username, id)
	fmt.Fprintln(os.Stderr, "sending "+id+" for "+username)
	connection, err := amqp.Dial(setting("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/"))
	if err != nil {
		return tellNotSent(err, prefix)
	}
	defer connection.Close()
	events, err := send(connection, prefix, order)
	if err != nil {
		return tellNotSent(err, prefix)
	}
	return wait(events, order.ID)
}

// Keep the id with your order: sent again under the same id, the command is still done only once.
func createCustomer(username, id string) command {
	return command{
		SpecVersion: "1.0",
		Type:        "CreateCustomer",
		Source:      source,
		ID:          id,
		Subject:     "cus_" + username, // your own reference of the customer: commands about one are done in order
		Time:        time.Now().UTC(),
		ContentType: "application/json",
		Data: map[string]string{
			"username":   username,
			"password":   "a-first-password",
			"email":      "ada@example.com",
			"first_name": "Ada",
			"last_name":  "Example",
			"address":    "1 Harbor Street",
			"city":       "Springfield",
			"state":      "CA",
			"zip":        "91234",
			"country":    "US",
			"phone":      "555-0100",
			"website":    "ada.example.com",
			"company":    "Ada Ltd",
			"package":    "Basic",
			"whitelabel": "mail.ada.example.com",
		},
	}
}

// send listens first, so that the answer cannot be missed.
func send(connection *amqp.Connection, prefix string, order command) (<-chan amqp.Delivery, error) {
	channel, err := connection.Channel()
	if err != nil {
		return nil, err
	}
	events, err := listen(channel, prefix)
	if err != nil {
		return nil, err
	}
	return events, publish(channel, prefix, order)
}

// listen makes a queue that goes with this program; in production declare a durable one, once.
func listen(channel *amqp.Channel, prefix string) (<-chan amqp.Delivery, error) {
	queue, err := channel.QueueDeclare("", false, true, true, false, nil)
	if err != nil {
		return nil, err
	}
	if err := channel.QueueBind(queue.Name, "*."+source, prefix+".events", false, nil); err != nil {
		return nil, err
	}
	return channel.Consume(queue.Name, "", true, true, false, false, nil)
}

// publish returns once the broker has it on disk; it fails when it was refused, or no queue was there to take it.
func publish(channel *amqp.Channel, prefix string, order command) error {
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	if err := channel.Confirm(false); err != nil {
		return err
	}
	returned := channel.NotifyReturn(make(chan amqp.Return, 1))
	confirmed := channel.NotifyPublish(make(chan amqp.Confirmation, 1))
	closed := channel.NotifyClose(make(chan *amqp.Error, 1))
	ctx, cancel := context.WithTimeout(context.Background(), confirmSeconds*time.Second)
	defer cancel()
	message := amqp.Publishing{
		ContentType:  "application/cloudevents+json",
		DeliveryMode: amqp.Persistent,
		MessageId:    order.ID,
		Body:         body,
	}
	if err := channel.PublishWithContext(ctx, prefix+".commands", order.Type, true, false, message); err != nil {
		return err
	}
	select {
	case confirmation := <-confirmed:
		if !confirmation.Ack {
			return errors.New("refused")
		}
	case reason := <-closed:
		return fmt.Errorf("the channel was closed: %v", reason)
	case <-ctx.Done():
		return errors.New("not confirmed in time")
	}
	// A message that no queue took comes back first, and is confirmed after that.
	select {
	case back := <-returned:
		return errors.New("returned: " + back.ReplyText)
	default:
		return nil
	}
}

func wait(events <-chan amqp.Delivery, id string) int {
	tooLate := time.After(answerSeconds * time.Second)
	for {
		select {
		case delivery := <-events:
			var heard event
			if json.Unmarshal(delivery.Body, &heard) != nil || heard.CausationID != id {
				continue
			}
			fmt.Println(string(delivery.Body))
			if heard.Type == "CommandFailed" {
				return failed
			}
			return created
		case <-tooLate:
			return tell(noAnswer, "sent, and not answered yet")
		}
	}
}

// tellNotSent says what is usually wrong, too, when nothing was there to take the command.
func tellNotSent(err error, prefix string) int {
	problem := err.Error()
	if strings.Contains(problem, "NO_ROUTE") || strings.Contains(problem, "NOT_FOUND") {
		problem += " (is PREFIX=" + prefix + " wrong, or has no worker declared its exchanges yet?)"
	}
	return tell(notTaken, "not sent: "+problem+"; send it again with the same id")
}

func tell(code int, what string) int {
	fmt.Fprintln(os.Stderr, what)
	return code
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func random(bytes int) string {
	drawn := make([]byte, bytes)
	if _, err := rand.Read(drawn); err != nil {
		panic(err)
	}
	return hex.EncodeToString(drawn)
}

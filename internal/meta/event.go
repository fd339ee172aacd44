package meta

import (
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// Event is the report of a change that waits to be sent to a webhook.
type Event struct {
	ID      ID
	Webhook string
	At      time.Time
	Body    []byte // JSON, as it is sent
}

const queueEvents = 'e'

func eventsPrefix(webhook string) []byte {
	return appendEscaped([]byte{kindQueue, queueEvents}, webhook)
}

// PutEvent queues a report in the transaction of the change that it reports.
func (t *Txn) PutEvent(e *Event) error {
	if e.ID.IsZero() {
		e.ID = t.s.NewID()
	}
	rec := newRecord(16 + len(e.Body))
	rec.time(1, e.At)
	rec.bytes(2, e.Body)
	return t.t.Set(append(eventsPrefix(e.Webhook), e.ID[:]...), rec.b)
}

// Events returns up to limit reports for a webhook, oldest first.
func (r *Reader) Events(webhook string, limit int) (events []*Event, err error) {
	err = r.scan(kv.Prefix(eventsPrefix(webhook)), func(k, rec []byte) (bool, error) {
		e, err := decodeEvent(k, rec)
		events = append(events, e)
		return len(events) < limit, err
	})
	return events, err
}

// EventWebhooks returns the names of the webhooks that reports wait for. It costs
// a seek for each.
func (r *Reader) EventWebhooks() (names []string, err error) {
	prefix := []byte{kindQueue, queueEvents}
	it := r.r.Scan(kv.Prefix(prefix))
	for ok := it.Next(); ok; {
		name, _, err := cutEscaped(it.Key()[2:])
		if err != nil {
			_ = it.Close() // the key is what is wrong
			return nil, err
		}
		names = append(names, name)
		ok = it.Seek(kv.PrefixEnd(eventsPrefix(name)))
	}
	return names, it.Close()
}

// DeleteEvent removes a report that was sent.
func (t *Txn) DeleteEvent(e *Event) error {
	return t.t.Delete(append(eventsPrefix(e.Webhook), e.ID[:]...))
}

func decodeEvent(k, rec []byte) (*Event, error) {
	e := &Event{}
	if len(k) < 2 || k[1] != queueEvents {
		return nil, errKey
	}
	name, id, err := cutEscaped(k[2:])
	if err != nil || len(id) != len(e.ID) {
		return nil, errKey
	}
	e.Webhook, e.ID = name, ID(id)
	err = decode("event", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			e.At = f.time()
		case 2:
			e.Body = append([]byte(nil), f.bytes...)
		}
		return nil
	})
	return e, err
}

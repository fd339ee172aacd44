package crash

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/seal"
)

const (
	linearClients = 6
	linearOps     = 40 // of each client
	linearKeys    = 3
)

// call is an operation of the history, and its answer.
type call struct {
	what string // put, create, replace, get, delete, list
	key  string
	tag  string // entity tag: written; of replace also
	old  string // what replace expects
}

type answer struct {
	refused bool   // a condition did not hold
	tag     string // of a get; "" for nothing
	all     string // of a list: key=tag, sorted
}

// storage is the model: a map of keys to entity tags, written as a list does.
var storage = porcupine.Model{
	Init: func() any { return "" },
	Step: func(st, in, out any) (bool, any) {
		objects, c, a := parseObjects(st.(string)), in.(call), out.(answer)
		have, there := objects[c.key]
		switch c.what {
		case "put":
			objects[c.key] = c.tag
		case "create":
			if there == !a.refused {
				return false, st
			}
			if !there {
				objects[c.key] = c.tag
			}
		case "replace":
			if (there && have == c.old) == a.refused {
				return false, st
			}
			if !a.refused {
				objects[c.key] = c.tag
			}
		case "get":
			return have == a.tag, st
		case "delete":
			delete(objects, c.key)
		case "list":
			return a.all == st.(string), st
		}
		return true, writeObjects(objects)
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
}

func parseObjects(s string) map[string]string {
	objects := map[string]string{}
	for _, f := range strings.Fields(s) {
		key, tag, _ := strings.Cut(f, "=")
		objects[key] = tag
	}
	return objects
}

func writeObjects(objects map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		fmt.Fprintf(&b, "%s=%s ", key, objects[key])
	}
	return b.String()
}

// TestR9_R16_Linearizable lets clients put, delete, read and list a few keys at
// the same time, conditionally too, while sweep frees what they replace. There
// must be one order of all operations that explains every answer. Bodies are
// compared with the entity tags that they came with (R16).
func TestR9_R16_Linearizable(t *testing.T) {
	t.Parallel()
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	sys, err := newDisks().openOn(ring)
	if err != nil {
		t.Fatal(err)
	}
	defer sys.close()
	stop := make(chan struct{})
	var sweeper sync.WaitGroup
	sweeper.Go(func() {
		for {
			if err := sys.sweep.Once(context.Background()); err != nil {
				t.Errorf("sweep: %v", err)
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	defer sweeper.Wait()
	defer close(stop)
	for round := range linearRounds {
		name := fmt.Sprintf("linear-%d", round)
		if err := sys.createBucket(name, round%3 == 2); err != nil {
			t.Fatal(err)
		}
		history := runLinear(t, sys, name, uint64(round))
		result, info := porcupine.CheckOperationsVerbose(storage, history, patience)
		if result != porcupine.Ok {
			t.Fatalf("round %d: the history is %s, want linearizable; %d operations, longest explained prefixes %d",
				round, result, len(history), len(info.PartialLinearizations()[0]))
		}
	}
}

// runLinear returns the history of all clients.
func runLinear(t *testing.T, sys *services, bucket string, round uint64) []porcupine.Operation {
	b, err := sys.find(bucket)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var mu sync.Mutex
	var history []porcupine.Operation
	var wg sync.WaitGroup
	for client := range linearClients {
		wg.Go(func() {
			c := linearClient{
				sys: sys, bucket: b, random: rand.New(rand.NewPCG(rand.Uint64(), round)),
				name: fmt.Sprintf("%d-%d", round, client), seen: map[string]string{},
			}
			for n := range linearOps {
				from := time.Since(began)
				in, out, err := c.step(n)
				to := time.Since(began)
				if err != nil {
					t.Errorf("%+v = %v", in, err)
					return
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: in, Output: out, Call: int64(from), Return: int64(to)})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return history
}

type linearClient struct {
	sys    *services
	bucket *keyhaven.Bucket
	random *rand.Rand
	name   string
	seen   map[string]string // last entity tag of each key
}

func (c *linearClient) step(n int) (call, answer, error) {
	in := call{key: fmt.Sprintf("k%d", c.random.IntN(linearKeys))}
	switch p := c.random.IntN(100); {
	case p < 20:
		in.what = "put"
		return c.put(in, n, object.Conditions{})
	case p < 35:
		in.what = "create"
		return c.put(in, n, object.Conditions{IfNoneMatch: "*"})
	case p < 50 && c.seen[in.key] != "":
		in.what, in.old = "replace", c.seen[in.key]
		return c.put(in, n, object.Conditions{IfMatch: in.old})
	case p < 62:
		in.what = "delete"
		return in, answer{}, c.sys.remove(c.bucket.Name, in.key, "")
	case p < 72:
		in.what = "list"
		all, err := c.sys.list(c.bucket.Name)
		objects := map[string]string{}
		for _, o := range all {
			objects[o.key] = o.etag
		}
		return in, answer{all: writeObjects(objects)}, err
	}
	in.what = "get"
	out, err := c.get(in.key)
	c.seen[in.key] = out.tag
	return in, out, err
}

func (c *linearClient) put(in call, n int, cond object.Conditions) (call, answer, error) {
	size := 40
	if c.random.IntN(3) == 0 {
		size = largeBody
	}
	body := bytes.Repeat([]byte(fmt.Sprintf("%s-%04d;", c.name, n)), size/8)
	in.tag = sumOf(body)
	_, err := c.sys.objects.Put(context.Background(), object.PutInput{
		Bucket: c.bucket, Key: in.key, Body: bytes.NewReader(body), Size: int64(len(body)), Conditions: cond,
	})
	if err == nil {
		c.seen[in.key] = in.tag
		return in, answer{}, nil
	}
	// If-Match on a key without an object is answered with "not there".
	if outcome(domain(err)) == no && in.what != "put" {
		return in, answer{refused: true}, nil
	}
	return in, answer{}, err
}

func (c *linearClient) get(key string) (answer, error) {
	o, err := c.sys.objects.Get(context.Background(), object.GetInput{Bucket: c.bucket, Key: key})
	if outcome(domain(err)) == no {
		return answer{}, nil
	}
	if err != nil {
		return answer{}, err
	}
	defer o.Close()
	body, err := io.ReadAll(o)
	if err == nil && sumOf(body) != o.ETag.String() {
		err = fmt.Errorf("R16: entity tag %s with a body of MD5 %s", o.ETag, sumOf(body))
	}
	return answer{tag: o.ETag.String()}, err
}

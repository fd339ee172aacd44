package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4/sigv4test"
)

// call makes one Lightsail call.
func (e *env) call(op string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPost, "http://"+e.t.addr+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Lightsail_20161128."+op)
	signer := sigv4test.Signer{
		AccessKeyID: e.t.id, Secret: keyhaven.NewSecret(e.t.secret), Region: "us-east-1", Service: "lightsail", Now: time.Now,
	}
	signer.SignHeader(r, body)
	resp, err := e.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %.200s", op, resp.Status, raw)
	}
	return json.Unmarshal(raw, out)
}

// bucketKey is an access key of a bucket.
type bucketKey struct{ bucket, id, secret string }

func (e *env) createKey(bucket string) (k bucketKey, err error) {
	var out struct {
		AccessKey struct{ AccessKeyID, SecretAccessKey string }
	}
	err = e.call("CreateBucketAccessKey", map[string]string{"bucketName": bucket}, &out)
	return bucketKey{bucket, out.AccessKey.AccessKeyID, out.AccessKey.SecretAccessKey}, err
}

func (e *env) createBucket(name string) error {
	return e.call("CreateBucket", map[string]string{"bucketName": name, "bundleId": "small_1_0"}, &struct{}{})
}

// makeKeys makes n bucket keys, two for each bucket, and an object in each.
func makeKeys(e *env, n int) error {
	if len(e.keys) == n {
		return nil
	}
	e.keys = make([]bucketKey, n)
	b := e.body(kib)
	return each(e, n/2, func(c *client, i int) error {
		name := fmt.Sprintf("keys-%06d", i)
		if err := e.createBucket(name); err != nil {
			return err
		}
		for j := range 2 {
			k, err := e.createKey(name)
			if err != nil {
				return err
			}
			e.keys[2*i+j] = k
		}
		return c.do("PUT", "/"+name+"/object", "", b.data, b.hash)
	})
}

// checkKeys reads with another key each time, so that each request needs the
// credential and the bucket of its own.
func checkKeys(n int) *workload {
	return &workload{
		name: fmt.Sprintf("keys/%d/stat/c32", n), conc: 32, unit: "obj", per: 1, ours: true,
		setup: func(e *env) error { return makeKeys(e, n) },
		op: func(e *env, c *client, rnd *rand.Rand, _ int64) error {
			k := e.keys[rnd.IntN(len(e.keys))]
			c.as(k.id, k.secret)
			return c.do("HEAD", "/"+k.bucket+"/object", "", nil, emptyHash)
		},
	}
}

// createKeys makes and deletes access keys.
func createKeys() *workload {
	var names sync.Map
	return &workload{
		name: "keys/create+delete/c8", conc: 8, unit: "keys", per: 1, ours: true,
		op: func(e *env, c *client, _ *rand.Rand, _ int64) error {
			_, port, err := net.SplitHostPort(c.conn.LocalAddr().String())
			if err != nil {
				return err
			}
			name := "churn-" + port // one bucket for each connection
			if _, made := names.LoadOrStore(e.t.name+name, true); !made {
				if err := e.createBucket(name); err != nil {
					return err
				}
			}
			k, err := e.createKey(name)
			if err != nil {
				return err
			}
			return e.call("DeleteBucketAccessKey", map[string]string{"bucketName": name, "accessKeyId": k.id}, &struct{}{})
		},
	}
}

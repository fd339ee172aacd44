package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// target is a server under test.
type target struct {
	name   string
	addr   string
	id     string
	secret string
	pid    int // 0 for a peer that was not started here
}

// client is one connection that writes requests as bytes and reads answers with
// as little work as can be, so that the client is not what is measured.
type client struct {
	t      *target
	conn   net.Conn
	in     *bufio.Reader
	out    []byte
	key    hash.Hash // HMAC of the signing key
	sum    hash.Hash
	day    string
	scope  string
	id     string
	secret string
	status int
	length int64
	etag   []byte
	body   []byte // of the last answer, when keep is set
	keep   bool
	sdk    *s3.Client // sends what is about one object, when set
}

func dial(t *target) (*client, error) { return dialAs(t, t.id, t.secret) }

func dialAs(t *target, id, secret string) (*client, error) {
	conn, err := net.Dial("tcp", t.addr)
	if err != nil {
		return nil, err
	}
	c := &client{t: t, conn: conn, in: bufio.NewReaderSize(conn, 64<<10), sum: sha256.New()}
	c.as(id, secret)
	return c, nil
}

// as signs what follows with another key.
func (c *client) as(id, secret string) {
	now := time.Now().UTC()
	c.day = now.Format("20060102")
	key := sigv4.DeriveKey(keyhaven.NewSecret(secret), sigv4.Scope{Date: c.day, Region: "us-east-1", Service: "s3"})
	c.key = hmac.New(sha256.New, key[:])
	c.scope = c.day + "/us-east-1/s3/aws4_request"
	c.id, c.secret = id, secret
}

const emptyHash = sigv4.EmptyHash

// do sends a request and reads the answer. path and query must need no escaping;
// query is in canonical form. bodyHash is the hex SHA-256 of the body.
func (c *client) do(method, path, query string, body []byte, bodyHash string) error {
	if c.sdk != nil && query == "" && method != "POST" {
		return c.doSDK(method, path, body)
	}
	stamp := time.Now().UTC().Format("20060102T150405Z")
	b := c.out[:0]
	// The canonical request.
	b = append(append(append(append(b, method...), '\n'), path...), '\n')
	b = append(append(b, query...), "\nhost:"...)
	b = append(append(b, c.t.addr...), "\nx-amz-content-sha256:"...)
	b = append(append(b, bodyHash...), "\nx-amz-date:"...)
	b = append(append(b, stamp...), "\n\nhost;x-amz-content-sha256;x-amz-date\n"...)
	b = append(b, bodyHash...)
	c.sum.Reset()
	c.sum.Write(b)
	var sum [32]byte
	c.sum.Sum(sum[:0])
	// The string to sign.
	b = append(append(append(b[:0], "AWS4-HMAC-SHA256\n"...), stamp...), '\n')
	b = append(append(b, c.scope...), '\n')
	b = hex.AppendEncode(b, sum[:])
	c.key.Reset()
	c.key.Write(b)
	c.key.Sum(sum[:0])
	// The request.
	b = append(append(append(b[:0], method...), ' '), path...)
	if query != "" {
		b = append(append(b, '?'), query...)
	}
	b = append(append(b, " HTTP/1.1\r\nHost: "...), c.t.addr...)
	b = append(append(b, "\r\nX-Amz-Content-Sha256: "...), bodyHash...)
	b = append(append(b, "\r\nX-Amz-Date: "...), stamp...)
	b = append(append(b, "\r\nAuthorization: AWS4-HMAC-SHA256 Credential="...), c.id...)
	b = append(append(append(b, '/'), c.scope...), ",SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature="...)
	b = hex.AppendEncode(b, sum[:])
	b = strconv.AppendInt(append(b, "\r\nContent-Length: "...), int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	const small = 32 << 10
	if len(body) <= small {
		b = append(b, body...)
		body = nil
	}
	c.out = b
	if _, err := c.conn.Write(b); err != nil {
		return err
	}
	if len(body) > 0 {
		if _, err := c.conn.Write(body); err != nil {
			return err
		}
	}
	return c.read(method == "HEAD")
}

var errStatus = errors.New("unexpected status")

func (c *client) read(head bool) error {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(line) < 12 {
		return errors.New("bad status line")
	}
	c.status, _ = strconv.Atoi(string(line[9:12]))
	c.length = 0
	chunked := false
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			c.length, _ = strconv.ParseInt(string(value), 10, 64)
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = true
		case bytes.EqualFold(name, []byte("etag")):
			c.etag = append(c.etag[:0], value...)
		}
	}
	if head || c.status == 204 || c.status == 304 {
		return c.check()
	}
	if chunked {
		return c.readChunks()
	}
	if c.keep || c.status >= 300 {
		c.body = append(c.body[:0], make([]byte, c.length)...)
		if _, err := io.ReadFull(c.in, c.body); err != nil {
			return err
		}
		return c.check()
	}
	if _, err := c.in.Discard(int(c.length)); err != nil {
		return err
	}
	return c.check()
}

func (c *client) readChunks() error {
	c.body = c.body[:0]
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return err
		}
		at := len(c.body)
		c.body = append(c.body, make([]byte, n+2)...)
		if _, err := io.ReadFull(c.in, c.body[at:]); err != nil {
			return err
		}
		c.body = c.body[:at+int(n)]
		if n == 0 {
			return c.check()
		}
	}
}

func (c *client) check() error {
	if c.status >= 300 {
		return fmt.Errorf("%w %d: %.300s", errStatus, c.status, c.body)
	}
	return nil
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

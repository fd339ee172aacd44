package main

import (
	"net"
	"sync"
)

// spareDescriptors are kept from connections: for the engine's tables and logs,
// and the listeners. Beyond them each connection may need one more for a blob.
const spareDescriptors = 1024

// connectionLimit is how many connections the process can hold with the
// descriptors that it may open, and at least 64.
func connectionLimit() int {
	most := min(descriptors(), 1<<20)
	return max(64, (most-spareDescriptors)*2/3)
}

// limitedListener accepts a connection only while fewer than the limit are open.
// The rest waits in the system's queue: without a descriptor left, writes would
// have to wait and reads would fail.
type limitedListener struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once
}

func limitListener(l net.Listener, most int) *limitedListener {
	return &limitedListener{Listener: l, places: make(chan struct{}, most), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &limitedConn{Conn: conn, l: l}, nil
}

// Close implements net.Listener.
func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	l    *limitedListener
	once sync.Once
}

func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { <-c.l.places })
	return err
}

package intunetest

import (
	"context"
	"net"
	"sync"
)

// MemoryListener is a [net.Listener] whose connections stay inside the process, for [WithListener]. Unlike a real
// socket, it works with the virtual time of testing/synctest.
type MemoryListener struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// ListenMemory returns a new [MemoryListener].
func ListenMemory() *MemoryListener {
	return &MemoryListener{accept: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept waits for the next connection.
func (l *MemoryListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.accept:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close rejects further connections.
func (l *MemoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns a loopback address on which nothing listens.
func (*MemoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "localhost", Net: "memory"} }

// DialContext connects to the listener, whatever the address. It fits [net/http.Transport].
func (l *MemoryListener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.accept <- server:
		return client, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "memory", Addr: l.Addr(), Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// maxBody is how much of a response is read, in bytes.
const maxBody = 8 << 20

// ReadAll reads and closes the body of a response, without its byte-order mark. It stops at the limit, and when the context
// ends, even if the body ignores that. It returns what it has read together with the error. The body of a 1xx is a bare
// connection, so it is closed without being read.
func ReadAll(ctx context.Context, resp *http.Response, limit int64) ([]byte, error) {
	body := resp.Body // the caller replaces it, perhaps before the function below has returned
	if body == nil {
		return nil, nil
	}
	defer func() { _ = body.Close() }()
	if resp.StatusCode < http.StatusOK {
		return nil, nil
	}
	stop := context.AfterFunc(ctx, func() { _ = body.Close() })
	defer stop()
	const expected = 4 << 10
	buffer := bytes.NewBuffer(make([]byte, 0, min(max(resp.ContentLength, bytes.MinRead), expected)+bytes.MinRead))
	n, err := buffer.ReadFrom(io.LimitReader(body, limit+1))
	switch {
	case err != nil && ctx.Err() != nil:
		err = context.Cause(ctx)
	case err == nil && n > limit:
		err = fmt.Errorf("the body is larger than %d MiB", limit>>20)
	}
	return bytes.TrimPrefix(buffer.Bytes()[:min(n, limit)], []byte("\uFEFF")), err
}

// wholeBody is a body that has been read: its data and, at its end, the error that reading it returned.
type wholeBody struct {
	data []byte
	err  error
	read int
}

func (b *wholeBody) Read(p []byte) (int, error) {
	n := copy(p, b.data[b.read:])
	b.read += n
	switch {
	case b.read < len(b.data):
		return n, nil
	case b.err != nil:
		return n, b.err
	}
	return n, io.EOF
}

// rest returns what has not been read.
func (b *wholeBody) rest() ([]byte, error) { return b.data[b.read:], b.err }

func (*wholeBody) Close() error { return nil }

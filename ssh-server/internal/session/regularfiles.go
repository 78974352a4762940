package session

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
)

const (
	openRequest = 3
	// maxRequestLength is the library's own limit.
	maxRequestLength = 256 << 10
	// openHeaderLength covers the type, the number of the request and the length of the path.
	openHeaderLength = 9
)

var errRequestLength = errors.New("a request has an invalid length")

// regularFiles passes sftp requests on to the library's server, and makes the opening of anything
// that is not a regular file fail: a FIFO or a device may block a thread of this process forever,
// and the library has no way to open a file without blocking.
type regularFiles struct {
	io.ReadWriteCloser
	pending []byte
}

func (f *regularFiles) Read(buffer []byte) (int, error) {
	if len(f.pending) == 0 {
		request, err := f.readRequest()
		if err != nil {
			return 0, err
		}
		f.pending = request
	}
	count := copy(buffer, f.pending)
	f.pending = f.pending[count:]
	return count, nil
}

// readRequest returns the next request with its length in front.
func (f *regularFiles) readRequest() ([]byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(f.ReadWriteCloser, header[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(header[:])
	if length == 0 || length > maxRequestLength {
		return nil, errRequestLength
	}
	request := make([]byte, len(header)+int(length))
	copy(request, header[:])
	body := request[len(header):]
	if _, err := io.ReadFull(f.ReadWriteCloser, body); err != nil {
		return nil, err
	}
	if body[0] == openRequest && !opensRegularFile(body) {
		return withoutFile(body), nil
	}
	return request, nil
}

// opensRegularFile is also true for a file that does not exist yet, and for a malformed request,
// which the library refuses.
func opensRegularFile(body []byte) bool {
	path, _, ok := splitOpen(body)
	if !ok {
		return true
	}
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular()
}

// withoutFile returns the same request for a path below the file, which is not a directory: opening it
// fails.
func withoutFile(body []byte) []byte {
	path, rest, _ := splitOpen(body)
	path = filepath.Join("/dev/null", path)
	request := binary.BigEndian.AppendUint32(nil, uint32(openHeaderLength+len(path)+len(rest)))
	request = append(request, body[:openHeaderLength-4]...)
	request = binary.BigEndian.AppendUint32(request, uint32(len(path)))
	return append(append(request, path...), rest...)
}

func splitOpen(body []byte) (path string, rest []byte, ok bool) {
	if len(body) < openHeaderLength {
		return "", nil, false
	}
	rest = body[openHeaderLength:]
	length := binary.BigEndian.Uint32(body[openHeaderLength-4:])
	if uint64(length) > uint64(len(rest)) {
		return "", nil, false
	}
	return string(rest[:length]), rest[length:], true
}

package session

import (
	"errors"
	"io"
	"log"

	"github.com/pkg/sftp"
)

// serveFiles serves sftp and the current scp inside this process, so an image needs no program for
// either. It has the rights of the container's user, as the session's programs do. Relative names
// start at this process's working directory: the library's own setting would also prefix the target
// of a symbolic link.
func (s *session) serveFiles() {
	files, err := sftp.NewServer(&regularFiles{ReadWriteCloser: s.channel})
	if err != nil {
		s.refuse(err.Error())
		return
	}
	s.transfersFiles = true
	go func() {
		if err := files.Serve(); err != nil && !errors.Is(err, io.EOF) {
			log.Printf("file transfer failed: %q", truncate(err.Error()))
		}
		sendStatus(s.channel, 0)
		_ = files.Close()
	}()
}

// maxLoggedLength limits what a client can add to the log.
const maxLoggedLength = 300

func truncate(text string) string { return text[:min(len(text), maxLoggedLength)] }

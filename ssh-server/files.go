package main

import (
	"errors"
	"io"
	"log"

	"github.com/pkg/sftp"
)

// serveFiles answers sftp and today's scp by itself: an image needs no program for either. It has the rights that a
// session's programs have, those of the container's user. Relative names are those of this process's directory: the library's
// own setting for it would also prefix what a symbolic link points to.
func (s *session) serveFiles() {
	files, err := sftp.NewServer(s.channel)
	if err != nil {
		s.refuse(err.Error())
		return
	}
	go func() {
		if err := files.Serve(); err != nil && !errors.Is(err, io.EOF) {
			log.Printf("a file transfer broke off: %s", quoteShort(err.Error()))
		}
		sendStatus(s.channel, 0)
		_ = files.Close()
	}()
}

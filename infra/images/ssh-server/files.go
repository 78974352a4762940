package main

import (
	"errors"
	"io"
	"log"

	"github.com/pkg/sftp"
)

// serveFiles answers sftp and today's scp by itself: an image needs no program for either. It has the rights that a
// session's programs have, those of the container's user.
func (s *session) serveFiles(around surroundings) {
	files, err := sftp.NewServer(s.channel, sftp.WithServerWorkingDirectory(around.directory))
	if err != nil {
		s.refuse(err.Error())
		return
	}
	go func() {
		if err := files.Serve(); err != nil && !errors.Is(err, io.EOF) {
			log.Printf("a file transfer broke off: %v", err)
		}
		sendStatus(s.channel, 0)
		_ = files.Close()
	}()
}

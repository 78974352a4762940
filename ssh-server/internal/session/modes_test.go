package session

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestModesAreApplied(t *testing.T) {
	terminal := &unix.Termios{Lflag: unix.ECHO | unix.ICANON}
	applyModes(terminal, []byte{
		3, 0, 0, 0, 8, // erase is backspace
		2, 0, 0, 0, 255, // quit is disabled
		53, 0, 0, 0, 0, // no echo
		42, 0, 0, 0, 1, // UTF-8
		128, 0, 0, 150, 0, // a speed
		0, 50, 0, 0, 0, 1, // the end, and bytes after it
	})
	if terminal.Cc[unix.VERASE] != 8 || terminal.Cc[unix.VQUIT] != 0 {
		t.Errorf("characters: %v", terminal.Cc)
	}
	if terminal.Lflag != unix.ICANON || terminal.Iflag != unix.IUTF8 {
		t.Errorf("flags: local %o, input %o", terminal.Lflag, terminal.Iflag)
	}
}

func TestATruncatedModeIsIgnored(t *testing.T) {
	terminal := &unix.Termios{}
	applyModes(terminal, []byte{53, 0, 0})
	if *terminal != (unix.Termios{}) {
		t.Errorf("applied: %+v", terminal)
	}
}

package session

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Opcodes of RFC 4254, section 8, and of RFC 8160.
var controlCharacters = map[byte]int{
	1: unix.VINTR, 2: unix.VQUIT, 3: unix.VERASE, 4: unix.VKILL, 5: unix.VEOF, 6: unix.VEOL,
	7: unix.VEOL2, 8: unix.VSTART, 9: unix.VSTOP, 10: unix.VSUSP, 12: unix.VREPRINT,
	13: unix.VWERASE, 14: unix.VLNEXT, 16: unix.VSWTC, 18: unix.VDISCARD,
}

var inputFlags = map[byte]uint32{
	30: unix.IGNPAR, 31: unix.PARMRK, 32: unix.INPCK, 33: unix.ISTRIP, 34: unix.INLCR,
	35: unix.IGNCR, 36: unix.ICRNL, 37: unix.IUCLC, 38: unix.IXON, 39: unix.IXANY, 40: unix.IXOFF, 41: unix.IMAXBEL, 42: unix.IUTF8,
}

var localFlags = map[byte]uint32{
	50: unix.ISIG, 51: unix.ICANON, 52: unix.XCASE, 53: unix.ECHO, 54: unix.ECHOE,
	55: unix.ECHOK, 56: unix.ECHONL, 57: unix.NOFLSH, 58: unix.TOSTOP, 59: unix.IEXTEN,
	60: unix.ECHOCTL, 61: unix.ECHOKE, 62: unix.PENDIN,
}

var outputFlags = map[byte]uint32{
	70: unix.OPOST, 71: unix.OLCUC, 72: unix.ONLCR, 73: unix.OCRNL, 74: unix.ONOCR, 75: unix.ONLRET,
}

var controlFlags = map[byte]uint32{90: unix.CS7, 91: unix.CS8, 92: unix.PARENB, 93: unix.PARODD}

const (
	endOfModes      = 0
	firstUnknown    = 160
	modeLength      = 5
	disabledOnWire  = 255
	disabledOnLinux = 0
)

// applyModes gives a new terminal the modes of the client's own. Modes without a meaning here, such
// as a speed, are ignored.
func applyModes(terminal *unix.Termios, modes []byte) {
	for len(modes) >= modeLength && modes[0] != endOfModes && modes[0] < firstUnknown {
		code, value := modes[0], binary.BigEndian.Uint32(modes[1:modeLength])
		modes = modes[modeLength:]
		if index, ok := controlCharacters[code]; ok {
			terminal.Cc[index] = byte(value)
			if value == disabledOnWire {
				terminal.Cc[index] = disabledOnLinux
			}
		}
		setFlag(&terminal.Iflag, inputFlags[code], value)
		setFlag(&terminal.Lflag, localFlags[code], value)
		setFlag(&terminal.Oflag, outputFlags[code], value)
		setFlag(&terminal.Cflag, controlFlags[code], value)
	}
}

func setFlag(flags *uint32, bit, value uint32) {
	if value == 0 {
		*flags &^= bit
	} else {
		*flags |= bit
	}
}
